// The short session over TLS 1.3 and TLS 1.2, with a server name, and one without. wss-client.js HOST PORT [NAME...]
'use strict';
const { Session } = require('./ws-session');
const { json } = require('./ws-scenarios');

const [host, port, ...names] = process.argv.slice(2);
const runs = [
  ['tls13', { servername: 'chat.example', minVersion: 'TLSv1.3' }],
  ['tls13-deflate', { servername: 'chat.example', minVersion: 'TLSv1.3', pmd: { threshold: 0 } }],
  ['tls12', { servername: 'old.example', maxVersion: 'TLSv1.2' }],
  ['tls12-cbc', { servername: 'old.example', maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA256' }],
  ['no-name', { minVersion: 'TLSv1.3', ciphers: 'TLS_CHACHA20_POLY1305_SHA256', servername: '' }],
];

async function main() {
  for (const [name, options] of runs) {
    if (names.length && !names.includes(name)) continue;
    const url = `wss://${host}:${port}/${name}?echo=1&pmd=all`;
    const s = await Session.open(url, { rejectUnauthorized: false, protocols: ['chat'], ...options });
    await s.echo('Hello', json(1), json(2), 'x'.repeat(2000), 'end');
    await s.ping('under cover');
    await s.close(1000, 'bye');
  }
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
