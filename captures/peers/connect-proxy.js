// An HTTP proxy: CONNECT, and absolute-form requests, upgrades among them. connect-proxy.js HOST PORT
'use strict';
const http = require('http');
const net = require('net');

const [host, port] = process.argv.slice(2);
const proxy = http.createServer((req, res) => {
  const from = http.request(req.url, { method: req.method, headers: req.headers }, (answer) => {
    res.writeHead(answer.statusCode, answer.headers);
    answer.pipe(res);
  });
  req.pipe(from);
});

function join(a, b, head) {
  if (head && head.length) b.write(head);
  for (const s of [a, b]) {
    s.setNoDelay(true);
    s.on('error', () => {});
  }
  a.pipe(b).pipe(a);
}

proxy.on('connect', (req, socket, head) => {
  const [name, number] = req.url.split(':');
  if (name === 'forbidden.example') {
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nforbidden');
    return;
  }
  const far = net.connect(Number(number), name, () => {
    socket.write('HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n');
    join(socket, far, head);
  });
});

// An upgrade in absolute form is sent on in origin form, and the bytes after it as they come.
proxy.on('upgrade', (req, socket, head) => {
  const url = new URL(req.url);
  const far = net.connect(Number(url.port), url.hostname, () => {
    const lines = [`${req.method} ${url.pathname}${url.search} HTTP/1.1`];
    for (let n = 0; n < req.rawHeaders.length; n += 2) lines.push(`${req.rawHeaders[n]}: ${req.rawHeaders[n + 1]}`);
    far.write(lines.join('\r\n') + '\r\n\r\n');
    join(socket, far, head);
  });
});
proxy.listen(Number(port), host);
