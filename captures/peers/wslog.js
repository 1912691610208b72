// What an endpoint built on the npm `ws` package received, written as one line of JSON per connection to
// $WSIGHT_LOG. Each side counts what arrives at it, so a capture can be compared with both.
'use strict';
const fs = require('fs');
const crypto = require('crypto');

class Tally {
  constructor(detailed) {
    this.text = 0;
    this.binary = 0;
    this.bytes = 0;
    this.pings = 0;
    this.pongs = 0;
    this.hash = crypto.createHash('sha256');
    this.messages = detailed ? [] : null;
  }

  message(data, binary) {
    if (binary) this.binary++;
    else this.text++;
    this.bytes += data.length;
    this.hash.update(data);
    if (this.messages) {
      const sha256 = crypto.createHash('sha256').update(data).digest('hex');
      this.messages.push({ opcode: binary ? 'binary' : 'text', bytes: data.length, sha256 });
    }
  }

  result(close) {
    const { text, binary, bytes, pings, pongs } = this;
    const r = { text, binary, bytes, sha256: this.hash.digest('hex'), pings, pongs, close };
    if (this.messages) r.messages = this.messages;
    return r;
  }
}

function write(record) {
  fs.appendFileSync(process.env.WSIGHT_LOG, JSON.stringify(record) + '\n');
}

// What was negotiated on a TLS socket, in the words of IANA's registry; {} on another.
function secured(socket) {
  if (!socket.getCipher) return {};
  const version = socket.getProtocol().replace(/^TLSv1$/, 'TLSv1.0').replace('TLSv', 'TLS ');
  return { tls: { version, cipher: socket.getCipher().standardName, alpn: socket.alpnProtocol || null } };
}

const endpoint = (ip, port) => ({ ip: (ip || '').replace(/^::ffff:/, ''), port });

// track(ws, {role, path, subprotocol, extensions}): counts until the connection closes, then writes.
function track(ws, info) {
  const tally = new Tally(!!process.env.WSIGHT_MESSAGES);
  const socket = info.socket || ws._socket;
  const near = endpoint(socket.localAddress, socket.localPort);
  const far = endpoint(socket.remoteAddress, socket.remotePort);
  const tls = secured(socket);
  ws.on('message', (data, binary) => tally.message(data, binary));
  ws.on('ping', () => tally.pings++);
  ws.on('pong', () => tally.pongs++);
  ws.on('error', (e) => (info.error = e.message));
  ws.on('close', (code, reason) => {
    const closed = ws._closeFrameReceived;
    const close = closed ? { code: code === 1005 ? null : code, reason: reason.toString() } : null;
    const client = info.role === 'client';
    write({
      role: info.role,
      path: info.path,
      client: client ? near : far,
      server: client ? far : near,
      subprotocol: info.subprotocol || null,
      extensions: info.extensions || null,
      ...tls,
      ...(info.error ? { error: info.error } : {}),
      received: tally.result(close),
    });
  });
}

module.exports = { track, write, Tally };
