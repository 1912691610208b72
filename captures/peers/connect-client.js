// WebSocket through connect-proxy.js: connect-client.js PROXYHOST PROXYPORT TARGETHOST TARGETPORT
'use strict';
const http = require('http');
const { Session } = require('./ws-session');
const { json } = require('./ws-scenarios');

const [host, port, target, targetPort] = process.argv.slice(2);
const authority = `${target}:${targetPort}`;

function connect(path) {
  return new Promise((resolve, reject) => {
    const req = http.request({ host, port, method: 'CONNECT', path, headers: { 'Proxy-Authorization': 'Basic bWFkZTp1cA==' } });
    req.on('connect', (res, socket) => resolve([res, socket]));
    req.on('error', reject);
    req.end();
  });
}

async function talk(url, options) {
  const s = await Session.open(url, options);
  for (let n = 0; n < 3; n++) await s.echo(json(n));
  await s.ping('p');
  await s.close(1000);
}

async function main() {
  for (const [path, pmd] of [['/connect?echo=1', false], ['/connect-deflate?echo=1&pmd=all', { threshold: 0 }]]) {
    const [, socket] = await connect(authority);
    await talk(`ws://${authority}${path}`, { pmd, createConnection: () => socket });
  }
  const [refused, socket] = await connect('forbidden.example:443');
  if (refused.statusCode !== 403) throw new Error('the proxy should refuse');
  socket.destroy();
  const absolute = `http://${authority}/absolute-form?echo=1`;
  const finishRequest = (req) => {
    req.path = absolute;
    req.end();
  };
  await talk(`ws://${host}:${port}/absolute-form?echo=1`, { headers: { Host: authority }, finishRequest });
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
