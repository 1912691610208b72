// Talks to websocketd. websocketd-client.js HOST PORT: lines on PORT, bytes on PORT+1.
'use strict';
const { Session, sleep } = require('./ws-session');
const { noise } = require('./ws-scenarios');

const [host, port] = process.argv.slice(2);

async function main() {
  const base = `ws://${host}:${port}`;
  let s = await Session.open(`${base}/shout`, { origin: `http://${host}:${port}` });
  await s.echo('hello', 'grüße', '', 'a longer line '.repeat(100));
  await s.ping('websocketd?');
  await s.close(1000);
  s = await Session.open(`${base}/program-ends`, { pmd: true });
  await s.echo('one', 'quit');
  await s.closed;
  s = await Session.open(`ws://${host}:${Number(port) + 1}/bytes`);
  await s.echo(noise(10), noise(4000));
  await s.close(1001);
  await sleep(500);
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
