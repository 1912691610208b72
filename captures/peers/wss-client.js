// The short session over TLS in many ways. wss-client.js HOST PORT [NAME...]; a NAME is that of a run or of a
// family of runs: "few" (also without a name), "ciphers", "handshakes", "rsa", "proxied", "long".
'use strict';
const { constants } = require('crypto');
const { Session } = require('./ws-session');
const { json, noise } = require('./ws-scenarios');

const [host, port, ...names] = process.argv.slice(2);

const few = [
  ['tls13', { servername: 'chat.example', minVersion: 'TLSv1.3' }],
  ['tls13-deflate', { servername: 'chat.example', minVersion: 'TLSv1.3', pmd: { threshold: 0 } }],
  ['tls12', { servername: 'old.example', maxVersion: 'TLSv1.2' }],
  ['tls12-cbc', { servername: 'old.example', maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA256' }],
  ['no-name', { minVersion: 'TLSv1.3', ciphers: 'TLS_CHACHA20_POLY1305_SHA256', servername: '' }],
];

const only = (version, cipher, secureOptions = 0) => ({
  servername: 'every.example',
  minVersion: version,
  maxVersion: version,
  ciphers: `${cipher}${version === 'TLSv1.3' ? ':AES128-SHA' : ''}@SECLEVEL=0`, // a list without older ones is none
  secureOptions,
});
const run = (version, name) => (cipher) => [`${name}-${cipher.toLowerCase().replace(/_/g, '-')}`, only(version, cipher)];
const { SSL_OP_NO_TICKET, SSL_OP_NO_ENCRYPT_THEN_MAC } = constants;
const SSL_OP_NO_EXTENDED_MASTER_SECRET = 1; // not among node's constants

const ciphers = [
  ...[
    'TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_CCM_SHA256',
    'TLS_AES_128_CCM_8_SHA256',
  ].map(run('TLSv1.3', 'tls13')),
  ...[
    'ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384', 'DHE-RSA-AES128-GCM-SHA256', 'AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305', 'DHE-RSA-CHACHA20-POLY1305', 'ECDHE-ECDSA-AES128-CCM', 'ECDHE-ECDSA-AES256-CCM8',
    'AES128-CCM', 'DHE-RSA-AES256-CCM8', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'AES128-SHA256',
    'DHE-RSA-AES256-SHA256',
  ].map(run('TLSv1.2', 'tls12')),
  ...['ECDHE-ECDSA-AES256-SHA384', 'AES128-SHA'].map((cipher) => [
    `tls12-mac-then-encrypt-${cipher.toLowerCase()}`, only('TLSv1.2', cipher, SSL_OP_NO_ENCRYPT_THEN_MAC),
  ]),
  ...['PSK-AES128-GCM-SHA256', 'ECDHE-PSK-CHACHA20-POLY1305'].map((cipher) => [
    `tls12-${cipher.toLowerCase()}`,
    { ...only('TLSv1.2', cipher), pskCallback: () => ({ psk: Buffer.from('a key that both sides know'), identity: 'i' }) },
  ]),
  ...['ECDHE-ECDSA-AES128-SHA', 'AES256-SHA'].map(run('TLSv1.1', 'tls11')),
  ...['ECDHE-ECDSA-AES128-SHA', 'AES256-SHA'].map(run('TLSv1', 'tls10')),
  ['tls10-mac-then-encrypt', only('TLSv1', 'ECDHE-ECDSA-AES256-SHA', SSL_OP_NO_ENCRYPT_THEN_MAC)],
  ['unsupported-camellia', only('TLSv1.2', 'ECDHE-ECDSA-CAMELLIA128-SHA256')],
];

const tls12 = only('TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256');
const handshakes = [
  ['tls13-retry', { ...only('TLSv1.3', 'TLS_AES_128_GCM_SHA256'), ecdhCurve: 'P-521:P-256' }],
  ['tls13-ticket', only('TLSv1.3', 'TLS_AES_256_GCM_SHA384')],
  ['tls13-ticket-resumed', only('TLSv1.3', 'TLS_AES_256_GCM_SHA384'), { resume: true }],
  ['tls13-resumed-retry', { ...only('TLSv1.3', 'TLS_AES_256_GCM_SHA384'), ecdhCurve: 'P-521:P-256' }, { resume: true }],
  ['tls12-ticket', tls12],
  ['tls12-ticket-resumed', tls12, { resume: true }],
  ['tls12-session-id', { ...tls12, secureOptions: SSL_OP_NO_TICKET }],
  ['tls12-session-id-resumed', { ...tls12, secureOptions: SSL_OP_NO_TICKET }, { resume: true }],
  ['tls12-no-extended-master-secret', { ...tls12, secureOptions: SSL_OP_NO_EXTENDED_MASTER_SECRET }],
  ['tls12-renegotiated', tls12, { renegotiate: true }],
  ['tls12-renegotiated-cbc', only('TLSv1.2', 'ECDHE-ECDSA-AES128-SHA256'), { renegotiate: true }],
  ['tls10-renegotiated', only('TLSv1', 'ECDHE-ECDSA-AES128-SHA'), { renegotiate: true }],
];

const rsa12 = only('TLSv1.2', 'AES128-GCM-SHA256');
const rsa = [
  ['rsa-ticket', rsa12],
  ['rsa-ticket-resumed', rsa12, { resume: true }],
  ['rsa-ticket-resumed-again', rsa12, { resume: true }],
  ['rsa-session-id', { ...rsa12, secureOptions: SSL_OP_NO_TICKET }],
  ['rsa-session-id-resumed', { ...rsa12, secureOptions: SSL_OP_NO_TICKET }, { resume: true }],
  ['rsa-tls10-ticket', only('TLSv1', 'AES128-SHA')],
  ['rsa-tls10-ticket-resumed', only('TLSv1', 'AES128-SHA'), { resume: true }],
  ['rsa-renegotiated', only('TLSv1.2', 'AES256-GCM-SHA384'), { renegotiate: true }],
  ['rsa-renegotiated-cbc', only('TLSv1.2', 'AES128-SHA256'), { renegotiate: true }],
  ['rsa-renegotiated-no-extended-master-secret',
    only('TLSv1.2', 'AES128-SHA', SSL_OP_NO_EXTENDED_MASTER_SECRET), { renegotiate: true }],
  ['rsa-tls10-renegotiated', only('TLSv1', 'AES256-SHA'), { renegotiate: true }],
];

const proxied = [
  ['nginx-ws-tls13', { servername: 'proxy.example', minVersion: 'TLSv1.3' }],
  ['nginx-ws-tls13-deflate', { servername: 'proxy.example', minVersion: 'TLSv1.3', pmd: { threshold: 0 } }],
  ['nginx-ws-tls12', { servername: 'proxy.example', maxVersion: 'TLSv1.2' }],
];

const long = [
  ['long-tls13', only('TLSv1.3', 'TLS_AES_128_GCM_SHA256')],
  ['long-tls13-chacha-deflate', { ...only('TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256'), pmd: { threshold: 0 } }],
  ['long-tls12', tls12],
  ['long-tls12-cbc', only('TLSv1.2', 'ECDHE-ECDSA-AES128-SHA256')],
  ['long-tls12-mac-then-encrypt', only('TLSv1.2', 'ECDHE-ECDSA-AES128-SHA', SSL_OP_NO_ENCRYPT_THEN_MAC)],
  ['long-tls10', only('TLSv1', 'ECDHE-ECDSA-AES128-SHA')],
].map(([name, options]) => [name, options, { long: true }]);

const renegotiate = (socket) => new Promise((resolve, reject) => {
  socket.renegotiate({ rejectUnauthorized: false }, (error) => (error ? reject(error) : resolve()));
});

// Talks, and resolves to the TLS session.
async function talk(name, { pmd = false, ...options }, how) {
  const url = `wss://${host}:${port}/${name}?echo=1&pmd=all`;
  const s = await Session.open(url, { rejectUnauthorized: false, protocols: ['chat'], pmd, ...options });
  const socket = s.ws._socket;
  if (!!how.resume !== socket.isSessionReused()) throw new Error(`${name}: resumed or not, against the plan`);
  await s.echo('Hello', json(1));
  if (how.renegotiate) await renegotiate(socket);
  for (let n = 3; how.long && n < 15; n++) await s.echo(json(n, 3));
  if (how.long) await s.echo(noise(4000), noise(200));
  await s.echo(json(2), 'x'.repeat(700), 'end');
  await s.ping('under cover');
  const session = socket.getSession();
  await s.close(1000, 'bye');
  return session;
}

async function main() {
  const families = { few, ciphers, handshakes, rsa, proxied, long };
  const wanted = (family, name) => names.includes(family) || names.includes(name);
  const runs = Object.entries(families).flatMap(([family, list]) =>
    list.filter(([name]) => (names.length ? wanted(family, name) : family === 'few')));
  let session;
  for (const [name, options, how = {}] of runs) {
    session = await talk(name, how.resume ? { ...options, session } : options, how);
  }
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
