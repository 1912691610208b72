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
  const s = await open((process.env.SHORT_PATH || '/short') + '?echo=1', { protocols: ['chat'] });
  await s.echo('Hello', noise(300), 'Grüße');
  await s.ping('p');
  await s.close(1000, 'bye');
}

// One session in a given negotiation: texts that refer back to each other, noise that does not compress,
// an empty message, fragments, and a message sent without compression.
async function deflated(open, name, pmd, server) {
  const s = await open(`/deflate-${name}?echo=1&frag=400&pmd=${server || name}`, { pmd });
  for (let n = 0; n < 5; n++) await s.echo(json(n));
  await s.echo('', noise(500, name), Buffer.alloc(0), 'ü'.repeat(700));
  const want = s.got + 3;
  s.fragments([json(6).slice(0, 50), json(6).slice(50, 60), '', json(6).slice(60)], { compress: true });
  s.fragments([noise(40), Buffer.from(json(7))], { compress: true, binary: true });
  s.send(json(1), { compress: false });
  await s.received(want);
  await s.ping('between');
  await s.echo(json(1), json(2));
  await s.close(1000);
}

async function deflate(open) {
  const low = { threshold: 0 };
  await deflated(open, 'default', true);
  await deflated(open, 'all', low);
  await deflated(open, 'server-nct', { ...low, serverNoContextTakeover: true });
  await deflated(open, 'client-nct', { ...low, clientNoContextTakeover: true });
  await deflated(open, 'both', { ...low, serverNoContextTakeover: true, clientNoContextTakeover: true });
  await deflated(open, 'unasked-server-nct', low, 'server-nct');
  await deflated(open, 'unasked-client-nct', low, 'client-nct');
  await deflated(open, 'bits', { ...low, clientMaxWindowBits: true, serverMaxWindowBits: 11 });
  await deflated(open, 'server-bits', { ...low, serverMaxWindowBits: 10 });
  await deflated(open, 'threshold', { threshold: 200 });
  await deflated(open, 'declined', low, 'off');
  await deflated(open, 'not-offered', false, 'all');
}

// Both directions in the middle of a fragmented message at once, with control frames in between.
async function fragmented(open) {
  let s = await open('/fragmented-both?echo=1&frag=9&pause=10');
  s.send('A message that comes back in nine byte fragments, while this side goes on.');
  for (let n = 0; n < 6; n++) {
    s.ws.send(noise(30 + n), { fin: n === 5, binary: true });
    s.ws.ping(`inside ${n}`);
    if (n === 3) s.ws.pong('also inside');
    await sleep(15);
  }
  await s.received(2);
  s.fragments(['', 'only the middle', '']);
  await s.received(3);
  await s.close(1000);
  s = await open('/fragmented-bytes?echo=1&frag=1');
  s.fragments([...Buffer.from('one byte each: Grüße 世界')].map((b) => Buffer.from([b])), { binary: false });
  await s.received(1);
  await s.close(1000);
  s = await open('/fragmented-large?echo=1&frag=7000');
  s.fragments([noise(3000), noise(200), noise(30000)], { binary: true });
  await s.received(1);
  await s.close(1000);
}

async function shortDeflate(open) {
  const s = await open('/short-deflate?echo=1&pmd=all', { pmd: { threshold: 0 }, protocols: ['chat'] });
  await s.echo(json(1), json(2), json(3), 'end');
  await s.close(1000, 'bye');
}

// Long enough to be looked at from the middle.
function longer(name, server, pmd) {
  return async (open) => {
    const s = await open(`/long-${name}?echo=1&pmd=${server}`, { pmd });
    for (let n = 0; n < 20; n++) await s.echo(json(n, 3));
    await s.echo(noise(6000), json(30, 60), 'Grüße');
    await s.ping('still there');
    await s.close(1000, 'long enough');
  };
}

const longPlain = longer('plain', 'off', false);
const longDeflate = longer('deflate', 'all', { threshold: 0 });
const longNoTakeover = longer('deflate-nct', 'both', { threshold: 0 });

async function long(open) {
  for (const part of [longPlain, longDeflate, longNoTakeover]) await part(open);
}

// Several clients at once, enough bytes for a link to lose some of them.
async function busy(open) {
  const kinds = [
    ['text', 'off', false],
    ['deflate', 'all', { threshold: 0 }],
    ['one-sided', 'server-nct', { threshold: 0 }],
    ['fragments', 'off', false],
  ];
  await Promise.all(kinds.map(async ([name, server, pmd]) => {
    const frag = name === 'fragments' ? '&frag=900' : '';
    const s = await open(`/busy-${name}?echo=1&push=15&pmd=${server}${frag}`, { pmd });
    await s.received(15);
    for (let n = 0; n < 10; n++) {
      s.send(json(n, 6 + n));
      s.send(noise(300 + 90 * n, name));
    }
    await s.ping('still there');
    await s.received(35);
    await s.close(1000, 'busy no more');
  }));
}

// For the tour: what a day's traffic might hold, with pauses, so that there is a time axis.
async function chat(open) {
  const s = await open('/chat/room-7?echo=1&pmd=all', { protocols: ['chat', 'superchat'], pmd: { threshold: 0 } });
  for (let n = 0; n < 30; n++) {
    const text = 'Good morning, everybody. '.repeat(1 + (n % 4));
    await s.echo(JSON.stringify({ type: 'message', room: 7, from: `user-${n % 5}`, seq: n, text }));
    if (n % 6 === 0) await s.ping(`keep-alive ${n}`);
    await sleep(30 + (n % 3) * 20);
  }
  await s.close(1000, 'leaving the room');
}

async function live(open) {
  const s = await open('/live/prices?push=60&echo=1&pmd=server-nct', { pmd: { threshold: 0 } });
  await s.received(60);
  for (let n = 0; n < 20; n++) {
    await s.echo(json(n, 5));
    await sleep(70);
  }
  await s.close(1001, 'page closed');
}

async function upload(open) {
  const s = await open('/upload?echo=1&frag=4000&pause=15');
  for (let n = 0; n < 8; n++) {
    s.ws.send(noise(3000, `part ${n}`), { fin: n === 7, binary: true });
    if (n % 3 === 1) s.ws.ping(`part ${n}`);
    await sleep(40);
  }
  await s.received(1);
  await s.close(1000);
}

async function endings(open) {
  for (const close of ['1008,rate limit', '1011,database away', '3000,unauthorized', '4001,token expired', '']) {
    const s = await open(`/closing?close=${encodeURIComponent(close)}`);
    s.send('{"type":"hello"}');
    await s.closed;
    await sleep(60);
  }
}

module.exports = {
  noise,
  json,
  scenarios: {
    plain, short, basic, closes, abnormal, subprotocols, deflate, fragmented,
    'short-deflate': shortDeflate, long, busy, chat, live, upload, endings,
    'long-plain': longPlain, 'long-deflate': longDeflate, 'long-deflate-nct': longNoTakeover,
  },
};
