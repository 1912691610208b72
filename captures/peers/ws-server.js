// A server on the npm `ws` package whose behaviour a client chooses in the query of its path:
//   echo=1            send every message back        frag=N        ... in fragments of N bytes
//   pause=MS          ... with a pause after each    (and a Ping after the first)
//   push=N            send N messages of its own     choose=NAME   pick that subprotocol
//   close=CODE,REASON close after the first message (CODE empty: no code)
//   terminate=1       reset the connection after the first message
//   ping=N            send N pings with payloads     pmd=PRESET    compression, see presets
// ws-server.js HOST PORT [KEY CERT]; $PAGE is served as a web page that posts its own log to /log.
// KEY and CERT may be several, with commas; $TLS_MODULE adds options, see every-tls.js.
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');
const { WebSocketServer } = require('ws');
const { page } = require('./page');
const { track, write } = require('./wslog');

const low = { threshold: 0 };
const presets = {
  off: false,
  default: true,
  all: { ...low },
  'server-nct': { ...low, serverNoContextTakeover: true },
  'client-nct': { ...low, clientNoContextTakeover: true },
  both: { ...low, serverNoContextTakeover: true, clientNoContextTakeover: true },
  bits: { ...low, serverMaxWindowBits: 10, clientMaxWindowBits: 9 },
  'server-bits': { ...low, serverMaxWindowBits: 9 },
  threshold: { threshold: 200 },
};

const [host, port, key, cert] = process.argv.slice(2);
const tls = process.env.TLS_MODULE ? require(process.env.TLS_MODULE) : { options: {}, attach: () => {} };
const read = (names) => names.split(',').map((name) => fs.readFileSync(name));
const web = key
  ? https.createServer({ key: read(key), cert: read(cert), ...tls.options })
  : http.createServer();
tls.attach(web);
function servePage(req, res, body) {
  if (req.url === '/log') JSON.parse(body).forEach(write);
  const found = req.url.split('?')[0] === '/' && process.env.PAGE;
  res.writeHead(found ? 200 : 404, {
    'Content-Type': 'text/html; charset=utf-8',
    ...(found ? { 'Set-Cookie': ['session=0123456789abcdef; SameSite=Lax', 'theme=dark'] } : {}),
  });
  res.end(found ? page() : '');
}

web.on('request', (req, res) => {
  let bytes = 0;
  let body = '';
  req.on('data', (data) => {
    bytes += data.length;
    body += data;
  });
  req.on('end', () => {
    if (process.env.PAGE) {
      servePage(req, res, body);
      return;
    }
    res.setHeader('Content-Type', 'text/plain');
    res.write(`A WebSocket server is here; ${req.method} `);
    res.end(`with ${bytes} bytes.\n`);
  });
});

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function sendFragments(ws, data, binary, size, pause) {
  let at = 0;
  for (; at + size < data.length; at += size) {
    ws.send(data.subarray(at, at + size), { fin: false, binary, compress: true });
    if (!pause) continue;
    if (at === 0) ws.ping('from inside a message');
    await sleep(pause);
  }
  ws.send(data.subarray(at), { fin: true, binary, compress: true });
}

function pushed(n) {
  const record = { n, temperature: 20 + (n % 7), unit: 'C', note: 'pushed by the server' };
  return JSON.stringify(record);
}

function behave(ws, query) {
  const [frag, pause] = ['frag', 'pause'].map((name) => Number(query.get(name) || 0));
  let turn = Promise.resolve();
  for (let n = 0; n < Number(query.get('push') || 0); n++) ws.send(pushed(n));
  for (let n = 0; n < Number(query.get('ping') || 0); n++) ws.ping(`server ping ${n}`);
  ws.on('message', (data, binary) => {
    if (query.has('echo') && frag && pause) {
      turn = turn.then(() => sendFragments(ws, data, binary, frag, pause));
    } else if (query.has('echo') && frag) sendFragments(ws, data, binary, frag, 0);
    else if (query.has('echo')) ws.send(data, { binary });
    if (query.has('terminate')) ws.terminate();
    if (query.has('close')) {
      const [code, reason] = query.get('close').split(',');
      if (code) ws.close(Number(code), reason);
      else ws.close();
    }
  });
}

web.on('upgrade', (req, socket, head) => {
  socket.setNoDelay(true);
  const query = new URL(req.url, 'http://server').searchParams;
  const wss = new WebSocketServer({
    noServer: true,
    perMessageDeflate: presets[query.get('pmd') || 'off'],
    handleProtocols: (names) =>
      query.has('choose') ? query.get('choose') : [...names][0],
  });
  let extensions = null;
  wss.on('headers', (lines) => {
    const found = lines.find((l) => /^sec-websocket-extensions:/i.test(l));
    if (found) extensions = found.split(': ')[1];
  });
  wss.handleUpgrade(req, socket, head, (ws) => {
    track(ws, { role: 'server', path: req.url, subprotocol: ws.protocol, extensions });
    behave(ws, query);
  });
});
web.listen(Number(port), host);
