// WebSockets by extended CONNECT on one HTTP/2 connection, several at once. h2-client.js URL NAME...
// ("http:" is HTTP/2 with prior knowledge). Node's http2 does the streams, the npm `ws` package the frames.
'use strict';
const http2 = require('http2');
const WebSocket = require('ws');
const PerMessageDeflate = require('../node_modules/ws/lib/permessage-deflate');
const { parse } = require('../node_modules/ws/lib/extension');
const { track, write } = require('./wslog');

const [url, ...names] = process.argv.slice(2);
const queries = {
  plain: 'echo=1', deflate: 'echo=1&pmd=all', push: 'push=20', closing: 'close=1008,policy', refused: 'refuse=403',
  long: 'echo=1',
};
const session = http2.connect(url, { rejectUnauthorized: false, servername: 'h2.example' });

function open(name) {
  const path = `/${name}?${queries[name.replace(/-.*/, '')]}`;
  const offer = name.startsWith('deflate');
  const stream = session.request({
    ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': url.startsWith('https') ? 'https' : 'http',
    ':path': path, ':authority': 'h2.example', origin: 'https://h2.example', 'sec-websocket-version': '13',
    'sec-websocket-protocol': 'chat',
    ...(offer ? { 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' } : {}),
  }, { endStream: false });
  return new Promise((resolve) => stream.on('response', (headers) => {
    if (headers[':status'] !== 200) {
      const { localAddress, localPort, remoteAddress, remotePort } = session.socket;
      write({
        role: 'client', path, refused: headers[':status'],
        client: { ip: localAddress, port: localPort }, server: { ip: remoteAddress, port: remotePort },
      });
      stream.close();
      resolve(null);
      return;
    }
    const ws = new WebSocket(null, undefined, { autoPong: true, closeTimeout: 5000 });
    ws._isServer = false; // it masks
    const chosen = headers['sec-websocket-extensions'];
    if (chosen) {
      const deflate = new PerMessageDeflate({ threshold: 0, isServer: false, maxPayload: 1 << 26 });
      deflate.accept(parse(chosen)['permessage-deflate']);
      ws._extensions[PerMessageDeflate.extensionName] = deflate;
    }
    const socket = {};
    for (const k of ['localAddress', 'localPort', 'remoteAddress', 'remotePort']) socket[k] = session.socket[k];
    track(ws, { role: 'client', path, socket, subprotocol: headers['sec-websocket-protocol'], extensions: chosen });
    ws.setSocket(stream, Buffer.alloc(0), { maxPayload: 1 << 26, skipUTF8Validation: false });
    resolve(ws);
  }));
}

const next = (ws) => new Promise((resolve) => ws.once('message', resolve));

async function talk(name) {
  const ws = await open(name);
  if (!ws) return;
  const closed = new Promise((resolve) => ws.once('close', resolve));
  if (name.startsWith('closing')) ws.send('close please');
  if (name.startsWith('push')) await new Promise((resolve) => setTimeout(resolve, 100));
  if (queries[name.replace(/-.*/, '')].startsWith('echo')) {
    const long = name.startsWith('long') ? 'y'.repeat(100000) : 'x'.repeat(2000);
    for (const text of ['Hello', JSON.stringify({ name, n: 1 }), long, 'end']) {
      ws.send(text);
      await next(ws);
    }
    ws.ping('over HTTP/2');
    await new Promise((resolve) => ws.once('pong', resolve));
  }
  if (!name.startsWith('closing')) ws.close(1000, 'bye');
  await closed;
}

session.on('remoteSettings', async () => {
  await Promise.all(names.map(talk));
  session.close();
});
session.on('error', (e) => {
  console.error(e);
  process.exit(1);
});
