// For ws-server.js as $TLS_MODULE: a TLS server that takes every version, cipher suite and way of resuming
// that node's OpenSSL still has, however old, and chooses what the client asks for.
'use strict';
const sessions = new Map();

exports.options = {
  minVersion: 'TLSv1',
  ciphers: [
    ...['AES_128_GCM_SHA256', 'AES_256_GCM_SHA384', 'CHACHA20_POLY1305_SHA256', 'AES_128_CCM_SHA256',
      'AES_128_CCM_8_SHA256'].map((name) => `TLS_${name}`),
    'ALL:PSK@SECLEVEL=0',
  ].join(':'),
  dhparam: 'auto',
  ecdhCurve: 'X25519:P-256:P-384', // not P-521: a client that begins with it is asked again
  secureOptions: 0x100, // SSL_OP_ALLOW_CLIENT_RENEGOTIATION, which is not among node's constants
  pskCallback: () => Buffer.from('a key that both sides know'),
};

// Sessions that are resumed by their id, without a ticket.
exports.attach = (server) => {
  server.on('newSession', (id, data, done) => {
    sessions.set(id.toString('hex'), data);
    done();
  });
  server.on('resumeSession', (id, done) => done(null, sessions.get(id.toString('hex')) || null));
};
