// An HTTP/2 server that takes WebSocket by extended CONNECT (RFC 8441), each on its own stream of the same
// connection, with the npm `ws` package on top. h2-server.js HOST PORT [KEY CERT]: without a key it is h2c.
// Queries as in ws-server.js: echo, push, close, and pmd for compression; $PAGE is served, /log is posted to.
'use strict';
const fs = require('fs');
const http2 = require('http2');
const WebSocket = require('ws');
const PerMessageDeflate = require('../node_modules/ws/lib/permessage-deflate');
const { parse, format } = require('../node_modules/ws/lib/extension');
const { page } = require('./page');
const { track, write } = require('./wslog');

const [host, port, key, cert] = process.argv.slice(2);
const settings = { enableConnectProtocol: true };
const server = key
  ? http2.createSecureServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert), settings })
  : http2.createServer({ settings });

function serve(stream, headers) {
  let body = '';
  stream.on('data', (data) => (body += data));
  stream.on('end', () => {
    const path = headers[':path'].split('?')[0];
    if (path === '/log') JSON.parse(body).forEach(write);
    const found = path === '/' && process.env.PAGE;
    stream.respond({ ':status': found ? 200 : 404, 'content-type': 'text/html; charset=utf-8' });
    stream.end(found ? page() : '');
  });
}

// The server's half of the negotiation, as ws does it for HTTP/1.
function negotiate(offered) {
  const deflate = new PerMessageDeflate({ threshold: 0, isServer: true, maxPayload: 1 << 26 });
  deflate.accept(parse(offered)['permessage-deflate']);
  return deflate;
}

function behave(ws, query) {
  for (let n = 0; n < Number(query.get('push') || 0); n++) ws.send(JSON.stringify({ n, pushed: true }));
  ws.on('message', (data, binary) => {
    if (query.has('echo')) ws.send(data, { binary });
    if (query.has('close')) {
      const [code, reason] = query.get('close').split(',');
      ws.close(Number(code), reason);
    }
  });
}

function upgrade(stream, headers) {
  const url = new URL(headers[':path'], 'http://server');
  if (url.searchParams.has('refuse')) {
    stream.respond({ ':status': Number(url.searchParams.get('refuse')) });
    stream.end();
    return;
  }
  const offered = headers['sec-websocket-extensions'] || '';
  const protocols = (headers['sec-websocket-protocol'] || '').split(/ *, */).filter(Boolean);
  const ws = new WebSocket(null, undefined, { autoPong: true, closeTimeout: 5000 });
  const answer = { ':status': 200 };
  if (url.searchParams.has('pmd') && offered.includes('permessage-deflate')) {
    const deflate = negotiate(offered);
    ws._extensions[PerMessageDeflate.extensionName] = deflate;
    answer['sec-websocket-extensions'] = format({ [PerMessageDeflate.extensionName]: [deflate.params] });
  }
  if (protocols.length) answer['sec-websocket-protocol'] = ws._protocol = protocols[0];
  stream.respond(answer);
  const path = url.pathname + url.search;
  const socket = stream.session.socket;
  const addresses = ['localAddress', 'localPort', 'remoteAddress', 'remotePort'];
  track(ws, {
    role: 'server', path, subprotocol: protocols[0], extensions: answer['sec-websocket-extensions'],
    socket: Object.fromEntries(addresses.map((name) => [name, socket[name]])),
  });
  ws.setSocket(stream, Buffer.alloc(0), { maxPayload: 1 << 26, skipUTF8Validation: false });
  behave(ws, url.searchParams);
}

server.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  if (headers[':method'] === 'CONNECT' && headers[':protocol'] === 'websocket') upgrade(stream, headers);
  else serve(stream, headers);
});
server.on('sessionError', () => {});
server.listen(Number(port), host);
