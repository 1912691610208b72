// What the npm clients do, session by session. A path names its session, so that the two ends' logs, the
// truth file and a report can be laid side by side.
'use strict';
const crypto = require('crypto');
const { sleep } = require('./ws-session');

// Bytes that look random but are the same at every recording.
function noise(length, seed = 'wsight') {
  const parts = [];
  for (let n = 0; n * 32 < length; n++) {
    parts.push(crypto.createHash('sha256').update(`${seed}${n}`).digest());
  }
  return Buffer.concat(parts).subarray(0, length);
}

function json(n, words = 8) {
  const list = [];
  for (let i = 0; i < words; i++) list.push({ id: n * words + i, name: `item ${i}`, price: (n * 37 + i * 11) % 100 });
  return JSON.stringify({ seq: n, type: 'update', items: list });
}

async function basic(open) {
  const s = await open('/basic?echo=1');
  await s.echo('Hello', 'Grüße, Жизнь, 世界, 🎈', '', noise(16), Buffer.alloc(0));
  await s.ping('are you there');
  await s.ping('');
  s.ws.pong('unsolicited');
  await s.echo('x'.repeat(125), 'x'.repeat(126), noise(65535), noise(65536), 'end');
  await s.close(1000, 'done');
}

const codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4001, 4999];

async function closes(open) {
  for (const code of codes) {
    const s = await open(`/close-by-client-${code}?echo=1`);
    await s.echo('bye');
    await s.close(code, `reason ${code}`);
  }
  for (const code of [1000, 1001, 1003, 1008, 1011, 3000, 4001]) {
    const s = await open(`/close-by-server-${code}?close=${code},server%20says%20${code}`);
    s.send('close please');
    await s.closed;
  }
  let s = await open('/close-no-code?echo=1');
  await s.echo('bye');
  await s.close();
  s = await open('/close-no-code-by-server?close=');
  s.send('close please');
  await s.closed;
  s = await open('/close-no-reason?echo=1');
  await s.close(1000);
  s = await open('/close-long-reason?echo=1');
  await s.close(4000, 'é'.repeat(61) + '!');
}

async function abnormal(open) {
  let s = await open('/reset-by-client?echo=1');
  await s.echo('about to vanish');
  s.ws.terminate();
  await s.closed;
  s = await open('/reset-by-server?terminate=1');
  s.send('please vanish');
  await s.closed;
  s = await open('/fin-without-close?echo=1');
  await s.echo('half a farewell');
  s.ws._socket.end();
  await s.closed;
}

async function subprotocols(open) {
  let s = await open('/subprotocol-first?echo=1', { protocols: ['mqtt', 'chat'] });
  await s.echo('a');
  await s.close(1000);
  s = await open('/subprotocol-second?echo=1&choose=graphql-transport-ws', {
    protocols: ['graphql-ws', 'graphql-transport-ws'],
  });
  await s.echo('{"type":"connection_init"}');
  await s.close(4400, 'Invalid message');
  s = await open('/subprotocol-one?echo=1', { protocols: ['ocpp1.6'] });
  await s.echo('[2,"19223201","Heartbeat",{}]');
  await s.close(1000);
}

async function pings(open) {
  const s = await open('/pings?echo=1&ping=3');
  for (let n = 0; n < 5; n++) {
    await s.ping(`client ping ${n}`);
    await sleep(20);
  }
  await s.close(1000);
}

async function push(open) {
  const s = await open('/push?push=40&echo=1');
  await s.received(40);
  await s.close(1001, 'enough');
}

async function plain(open) {
  for (const part of [basic, closes, abnormal, subprotocols, pings, push]) await part(open);
}

async function short(open) {
  const s = await open('/short?echo=1', { protocols: ['chat'] });
  await s.echo('Hello', noise(300), 'Grüße');
  await s.ping('p');
  await s.close(1000, 'bye');
}

module.exports = { noise, json, scenarios: { plain, short, basic, closes, abnormal } };
