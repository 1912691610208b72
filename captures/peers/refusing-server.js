// Answers an upgrade with the status its path asks for (/STATUS...) instead of 101. refusing-server.js HOST PORT
'use strict';
const http = require('http');

const heads = {
  200: { 'Content-Type': 'text/html' },
  302: { Location: 'http://elsewhere.example/login' },
  400: { Connection: 'close' },
  401: { 'WWW-Authenticate': 'Bearer realm="sockets"' },
  403: { Connection: 'close' },
  404: {},
  426: { 'Sec-WebSocket-Version': ['13', '8, 7'], Upgrade: 'websocket' },
  503: { 'Retry-After': '120' },
};

const [host, port] = process.argv.slice(2);
// Without an 'upgrade' listener node hands upgrade requests to 'request', as any plain web server would.
const server = http.createServer((req, res) => {
  const status = Number(req.url.slice(1, 4));
  const body = `${status} ${http.STATUS_CODES[status]}: no WebSocket here.\n`;
  const head = { ...heads[status] };
  if (!req.url.includes('chunked')) head['Content-Length'] = Buffer.byteLength(body);
  res.writeHead(status, head);
  res.write(body.slice(0, 5));
  res.end(body.slice(5));
});
server.listen(Number(port), host);
