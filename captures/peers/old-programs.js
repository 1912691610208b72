// Old programs, as npm still has them, talk to each other in versions before RFC 6455. Every server echoes.
//   old-programs.js server HOST    each of the servers on a port of its own
//   old-programs.js client HOST    each of the clients with each server that knows its version, in turn
'use strict';
const crypto = require('crypto');
const { EventEmitter } = require('events');
const http = require('http');
const net = require('net');
const { Tally, write } = require('./wslog');

// What these programs expect of node 0.4: strings are bytes to crypto, and http has clients.
const createHash = crypto.createHash;
crypto.createHash = (name) => {
  const hash = createHash(name);
  const update = hash.update.bind(hash);
  hash.update = (data, encoding) => update(data, typeof data === 'string' ? encoding || 'binary' : undefined) && hash;
  return hash;
};
http.createClient = (port, host) => {
  const client = new EventEmitter();
  client.request = (path, headers) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const socket = net.connect(port, host);
    let head = Buffer.alloc(0);
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    socket.on('data', function answer(data) {
      head = Buffer.concat([head, data]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.removeListener('data', answer);
      client.emit('upgrade', null, socket, head.subarray(end + 4));
    });
    return { write: (data, encoding) => socket.write(data, encoding), end() {} };
  };
  return client;
};

const PORTS = { driver: 8081, ws: 8082, websocket: 8083, faye: 8084 };
const TEXTS = ['Hello', 'größer, 日本', 'a longer message, '.repeat(20)];
const BINARY = Buffer.from(Array.from({ length: 300 }, (_, i) => i & 255));

const endpoint = (ip, port) => ({ ip: ip.replace(/^::ffff:/, ''), port });

// Counts what one end of a connection receives; the function it returns writes that down, once.
function recorder(role, path, socket) {
  const tally = new Tally(false);
  const near = endpoint(socket.localAddress, socket.localPort);
  const far = endpoint(socket.remoteAddress, socket.remotePort);
  let written = false;
  const done = (close) => {
    if (written) return;
    written = true;
    const { text, binary, bytes, sha256 } = tally.result(null);
    const received = { text, binary, bytes, sha256, ...(close === undefined ? {} : { close }) };
    const sides = role === 'client' ? { client: near, server: far } : { client: far, server: near };
    write({ role, path, ...sides, received });
  };
  const message = (data) => tally.message(Buffer.from(data), typeof data !== 'string');
  return { message, done };
}

const SERVERS = {
  driver(host) {
    const driver = require('websocket-driver');
    http.createServer().on('upgrade', (request, socket, head) => {
      const one = driver.http(request);
      const log = recorder('server', request.url, socket);
      one.messages.on('data', (data) => { log.message(data); typeof data === 'string' ? one.text(data) : one.binary(data); });
      one.on('close', () => { log.done(); socket.end(); });
      socket.on('end', () => socket.end());
      socket.on('close', () => log.done());
      one.io.write(head);
      socket.pipe(one.io).pipe(socket);
      one.start();
    }).listen(PORTS.driver, host);
  },
  ws(host) {
    const { Server } = require('ws-0.4');
    new Server({ host, port: PORTS.ws }).on('connection', (one) => {
      const log = recorder('server', one.upgradeReq.url, one._socket);
      one.on('message', (data, flags) => { log.message(data); one.send(data, { binary: !!flags.binary }); });
      one.on('close', () => log.done());
    });
  },
  websocket(host) {
    const { server: Server } = require('websocket-1.0.8');
    const listener = http.createServer();
    new Server({ httpServer: listener, autoAcceptConnections: false }).on('request', (request) => {
      const one = request.accept(null, request.origin);
      const log = recorder('server', request.resource, one.socket);
      one.on('message', (m) => {
        log.message(m.type === 'utf8' ? m.utf8Data : m.binaryData);
        m.type === 'utf8' ? one.sendUTF(m.utf8Data) : one.sendBytes(m.binaryData);
      });
      one.on('close', () => log.done());
    });
    listener.listen(PORTS.websocket, host);
  },
  faye(host) {
    const Faye = require('faye-websocket-0.4');
    http.createServer().on('upgrade', (request, socket, head) => {
      const log = recorder('server', request.url, socket);
      const one = new Faye(request, socket, head);
      one.onmessage = (e) => { log.message(e.data); one.send(e.data); };
      one.onclose = () => log.done();
      socket.on('end', () => socket.end());
      socket.on('close', () => log.done());
    }).listen(PORTS.faye, host);
  },
};

// Sends each message once the one before has come back, then closes. `one` has send, close and the events.
function converse(one, log, messages) {
  return new Promise((resolve, reject) => {
    let next = 0;
    const go = () => (next < messages.length ? one.send(messages[next++]) : one.close());
    const timer = setTimeout(() => reject(new Error('no answer')), 5000);
    one.onopen(go);
    one.onmessage((data) => { log().message(data); go(); });
    one.onclose(() => { clearTimeout(timer); log().done(); setTimeout(resolve, 50); });
  });
}

// One recorder for a connection, made when its socket is there.
function lazily(path, socket) {
  let log;
  return () => (log = log || recorder('client', path, socket()));
}

const CLIENTS = {
  // Of hixie-75 there are servers left, but no client: this one is ours.
  hixie75(url, path) {
    const { host, hostname, port } = new URL(url);
    const socket = net.connect(port, hostname);
    const client = new EventEmitter();
    let left = Buffer.alloc(0);
    let open = false;
    const log = lazily(path, () => socket);
    socket.write(`GET ${path} HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nHost: ${host}\r\n` +
      'Origin: http://example.com\r\n\r\n');
    socket.on('data', (data) => {
      left = Buffer.concat([left, data]);
      const head = left.indexOf('\r\n\r\n');
      if (!open && head < 0) return;
      if (!open) {
        left = left.subarray(head + 4);
        open = true;
        log();
        client.emit('open');
      }
      for (let end = left.indexOf(0xff); end >= 0; end = left.indexOf(0xff)) {
        const text = left.toString('utf8', 1, end);
        left = left.subarray(end + 1);
        client.emit('message', text);
      }
    });
    return converse({
      send: (text) => socket.write(Buffer.concat([Buffer.from([0]), Buffer.from(text), Buffer.from([0xff])])),
      close: () => socket.end(),
      onopen: (f) => client.on('open', f),
      onmessage: (f) => client.on('message', f),
      onclose: (f) => socket.on('close', f),
    }, log, TEXTS);
  },
  // websocket-client 1.0.0, of 2010: hixie-76
  hixie76(url, path) {
    const { WebSocket } = require('websocket-client-1.0.0');
    let socket;
    const connect = net.connect;
    net.connect = (...args) => (socket = connect(...args));
    const client = new WebSocket(url, null, { origin: 'http://example.com' });
    net.connect = connect;
    const log = lazily(path, () => socket);
    return converse({
      send: (data) => client.send(data),
      close: () => { log(); client.close(); setTimeout(() => socket.end(), 100); },
      onopen: (f) => client.on('open', f),
      onmessage: (f) => client.on('data', (data) => f(data.toString())),
      onclose: (f) => socket.on('close', f),
    }, log, TEXTS);
  },
  // ws 0.4: version 8 or 13
  ws(url, path, version) {
    const WebSocket = require('ws-0.4');
    const client = new WebSocket(url, { protocolVersion: version, origin: 'http://example.com' });
    const log = lazily(path, () => client._socket);
    return converse({
      send: (data) => client.send(data, { binary: typeof data !== 'string', mask: true }),
      close: () => client.close(1000),
      onopen: (f) => client.on('open', () => { log(); f(); }),
      onmessage: (f) => client.on('message', f),
      onclose: (f) => client.on('close', f),
    }, log, [...TEXTS, '', BINARY]);
  },
  // websocket 1.0.8: version 8 or 13
  websocket(url, path, version) {
    const { client: Client } = require('websocket-1.0.8');
    const client = new Client({ webSocketVersion: version });
    let one, log;
    const ready = new Promise((resolve, reject) => {
      client.on('connectFailed', reject);
      client.on('connect', (connection) => { one = connection; log = lazily(path, () => one.socket); log(); resolve(); });
    });
    client.connect(url, null, 'http://example.com');
    return ready.then(() => converse({
      send: (data) => (typeof data === 'string' ? one.sendUTF(data) : one.sendBytes(data)),
      close: () => one.close(),
      onopen: (f) => f(),
      onmessage: (f) => one.on('message', (m) => f(m.type === 'utf8' ? m.utf8Data : m.binaryData)),
      onclose: (f) => one.on('close', f),
    }, log, [...TEXTS, '', BINARY]));
  },
};

const TALKS = [
  ['hixie75', 'driver'], ['hixie75', 'faye'],
  ['hixie76', 'driver'], ['hixie76', 'ws'], ['hixie76', 'faye'],
  ...['ws', 'websocket', 'faye'].flatMap((server) => [['ws', server, 8], ['websocket', server, 8]]),
  ['ws', 'driver', 13], ['websocket', 'ws', 13],
];

async function main() {
  const [role, host] = process.argv.slice(2);
  if (role === 'server') {
    Object.values(SERVERS).forEach((serve) => serve(host));
    return;
  }
  for (const [client, server, version] of TALKS) {
    const path = `/${client}${version ? '-' + version : ''}-with-${server}`;
    try {
      await CLIENTS[client](`ws://${host}:${PORTS[server]}${path}`, path, version);
    } catch (e) {
      console.error(path, e);
      process.exitCode = 1;
    }
  }
  process.exit();
}

main();
