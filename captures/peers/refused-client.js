// Asks for upgrades that will be refused. refused-client.js HOST PORT [PATH...]
'use strict';
const http = require('http');
const WebSocket = require('ws');
const { write } = require('./wslog');

const [host, port, ...wanted] = process.argv.slice(2);
const statuses = wanted.length ? wanted : ['200-page', '302-login', '400', '401', '403', '404-chunked', '426-versions', '503'];

function refused(path, options = {}) {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`ws://${host}:${port}${path}`, ['chat'], options);
    ws.on('open', () => reject(new Error(`${path} was not refused`)));
    ws.on('error', reject);
    ws.on('unexpected-response', (req, res) => {
      const socket = res.socket;
      write({
        role: 'both',
        path,
        client: { ip: socket.localAddress, port: socket.localPort },
        server: { ip: socket.remoteAddress, port: socket.remotePort },
        refused: res.statusCode,
        versions: res.headers['sec-websocket-version'] || null,
      });
      res.on('data', () => {});
      res.on('end', resolve);
    });
  });
}

// The same connection is refused twice and then serves an ordinary page.
async function persistent() {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  await refused('/401-first-try', { agent });
  await refused('/404-second-try', { agent });
  await new Promise((resolve) => {
    http.get({ host, port, path: '/200-plain-page', agent }, (res) => res.resume().on('end', resolve));
  });
  agent.destroy();
}

async function main() {
  for (const status of statuses) await refused(`/${status}`);
  if (wanted.length) return;
  await refused('/426-version-8', { protocolVersion: 8 });
  await persistent();
}

main();
