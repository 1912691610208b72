// The web page that a server serves: what begins each, then $PAGE.
'use strict';
const fs = require('fs');
const path = require('path');

exports.page = () => Buffer.concat([path.join(__dirname, 'page-start.html'), process.env.PAGE].map((f) => fs.readFileSync(f)));
