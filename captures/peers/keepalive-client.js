// Ordinary requests of every kind on one persistent connection, then the upgrade on that same connection.
// keepalive-client.js HOST PORT
'use strict';
const http = require('http');
const { Session } = require('./ws-session');
const { json, noise } = require('./ws-scenarios');

const [host, port] = process.argv.slice(2);

function request(agent, method, path, { headers = {}, body = [] } = {}) {
  return new Promise((resolve, reject) => {
    const req = http.request({ host, port, agent, method, path, headers }, (res) => {
      res.resume().on('end', () => resolve(res.statusCode));
    });
    req.on('error', reject);
    const send = () => {
      body.forEach((part) => req.write(part));
      req.end();
    };
    if (headers.Expect) req.on('continue', send);
    else send();
  });
}

async function requests(agent) {
  const text = 'a form, posted\r\n\r\nGET /not-a-request HTTP/1.1\r\n\r\n';
  await request(agent, 'GET', '/static/page.txt');
  await request(agent, 'HEAD', '/static/page.txt');
  await request(agent, 'GET', '/static/missing');
  await request(agent, 'POST', '/form', { headers: { 'Content-Length': text.length }, body: [text] });
  await request(agent, 'POST', '/form-chunked', { body: ['first chunk ', 'second chunk ', 'x'.repeat(3000)] });
  await request(agent, 'PUT', '/expect', {
    headers: { Expect: '100-continue', 'Content-Length': 2000 },
    body: [noise(2000)],
  });
  await request(agent, 'GET', '/static/page.txt', { headers: { Range: 'bytes=0-99' } });
  await request(agent, 'DELETE', '/form/1');
}

async function upgrade(agent, path, pmd) {
  const s = await Session.open(`ws://${host}:${port}${path}`, { agent, pmd, protocols: ['chat'] });
  for (let n = 0; n < 4; n++) await s.echo(json(n));
  await s.echo(noise(5000));
  await s.ping('through the proxy');
  await s.close(1000, 'done');
}

async function main() {
  for (const [path, pmd] of [['/proxied?echo=1', false], ['/proxied-deflate?echo=1&pmd=all', { threshold: 0 }]]) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    await requests(agent);
    await upgrade(agent, path, pmd);
    agent.destroy();
  }
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  await request(agent, 'GET', '/static/page.txt');
  const s = await Session.open(`ws://${host}:${port}/proxied-close?close=1011,backend%20failed`, { agent });
  s.send('close please');
  await s.closed;
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
