// Clients on the npm `ws` package. ws-client.js URL SCENARIO...: runs each scenario's sessions one after
// another. URL is the server's origin, such as ws://10.77.0.2:8080.
'use strict';
const { scenarios } = require('./ws-scenarios');
const { Session } = require('./ws-session');

async function main() {
  const [base, ...names] = process.argv.slice(2);
  for (const name of names) {
    if (!scenarios[name]) throw new Error(`no scenario ${name}`);
    await scenarios[name]((path, options) => Session.open(base + path, options));
  }
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
