// Real clients of MQTT, GraphQL, Socket.IO and STOMP, and OCPP 1.6 by hand, for subprotocol-server.js.
// subprotocol-client.js HOST PORT [NAME...]
'use strict';
const WebSocket = require('ws');
const mqtt = require('mqtt');
const { createClient } = require('graphql-ws');
const { io } = require('socket.io-client');
const { Client: Stomp } = require('@stomp/stompjs');
const { Session, sleep } = require('./ws-session');
const { track } = require('./wslog');

const [host, port] = [process.argv[2], Number(process.argv[3])];
const url = (offset, path = '') => `ws://${host}:${port + offset}${path}`;

// A WebSocket that logs what it received, for libraries that make their own.
class Tracked extends WebSocket {
  constructor(address, protocols, options) {
    super(address, protocols, options);
    const { pathname, search } = new URL(address);
    this.on('upgrade', (res) => {
      track(this, {
        role: 'client',
        path: pathname + search,
        socket: res.socket,
        subprotocol: res.headers['sec-websocket-protocol'],
        extensions: res.headers['sec-websocket-extensions'],
      });
    });
  }
}

async function mqttSession(version) {
  const client = await mqtt.connectAsync(url(0, `/mqtt-${version}`), {
    protocolVersion: version,
    clientId: `wsight-${version}`,
    username: 'nobody',
    password: 'made-up',
    will: { topic: 'wsight/will', payload: Buffer.from('gone'), qos: 0, retain: false },
    createWebsocket: (address, protocols) => new Tracked(address, protocols),
  });
  const got = new Promise((resolve) => {
    let left = 3;
    client.on('message', () => --left || resolve());
  });
  await client.subscribeAsync({ 'wsight/#': { qos: 1 } });
  for (const qos of [0, 1, 2]) await client.publishAsync(`wsight/qos${qos}`, `payload ${qos}`, { qos });
  await got;
  await client.unsubscribeAsync('wsight/#');
  client.sendPing();
  await sleep(50);
  await client.endAsync();
}

async function graphqlSession(path, queries, connectionParams) {
  const client = createClient({
    url: url(1, path),
    webSocketImpl: Tracked,
    connectionParams,
    retryAttempts: 0,
    lazyCloseTimeout: 1000,
  });
  const run = (query) => new Promise((resolve) => {
    client.subscribe({ query }, { next: () => {}, error: resolve, complete: resolve });
  });
  for (const query of queries) await run(query);
  await client.dispose();
}

async function socketIOSession(transports) {
  const s = io(`http://${host}:${port + 2}`, { transports, forceNew: true });
  await new Promise((resolve) => s.on('connect', resolve));
  while (s.io.engine.transport.name !== 'websocket') await sleep(20);
  const bytes = new Promise((resolve) => s.on('bytes', resolve));
  await s.timeout(5000).emitWithAck('say', 'hello');
  s.emit('bytes', Buffer.from([1, 2, 3]));
  await bytes;
  await sleep(400);
  s.disconnect();
  await sleep(50);
}

async function stompSession() {
  const address = url(3, '/stomp');
  await new Promise((resolve, reject) => {
    const client = new Stomp({
      webSocketFactory: () => new Tracked(address, ['v12.stomp', 'v11.stomp']),
      connectHeaders: { login: 'nobody', passcode: 'made-up' },
      heartbeatIncoming: 0,
      heartbeatOutgoing: 0,
      forceBinaryWSFrames: false,
      onConnect: () => {
        client.subscribe('/queue/test', () => client.deactivate().then(resolve));
        client.publish({ destination: '/queue/test', body: 'Hello, STOMP' });
      },
      onStompError: reject,
    });
    client.activate();
  });
}

async function ocppSession() {
  const s = await Session.open(url(4, '/ocpp/CP-1'), { protocols: ['ocpp1.6', 'ocpp1.5'] });
  const call = (n, action, payload) => JSON.stringify([2, `call-${n}`, action, payload]);
  await s.echo(call(1, 'BootNotification', { chargePointVendor: 'wsight', chargePointModel: 'none' }));
  await s.echo(call(2, 'Heartbeat', {}), call(3, 'NoSuchAction', {}));
  await s.close(1000);
}

const sessions = {
  mqtt: () => mqttSession(4),
  // aedes speaks 3.1.1 only and says so in its CONNACK.
  'mqtt5-refused': () => mqttSession(5).then(() => Promise.reject(new Error('MQTT 5 went through')), () => {}),
  mqtt5: () => mqttSession(5),
  graphql: () => graphqlSession('/graphql', ['{ greeting }', 'subscription { tick }', '{ nothingSuch }']),
  'graphql-refused': () => graphqlSession('/graphql-refused', ['{ greeting }'], { refuse: true }),
  'socket.io': () => socketIOSession(['websocket']),
  'socket.io-upgrade': () => socketIOSession(['polling', 'websocket']),
  stomp: stompSession,
  ocpp: ocppSession,
};

async function main() {
  const names = process.argv.slice(4);
  for (const name of names.length ? names : Object.keys(sessions).filter((n) => n !== 'mqtt5')) await sessions[name]();
  await sleep(200);
  process.exit(0);
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
