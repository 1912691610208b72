// Servers of five subprotocols on consecutive ports: MQTT (aedes), GraphQL (graphql-ws), Socket.IO, and two
// of our own, STOMP and OCPP 1.6, just large enough for their clients. subprotocol-server.js HOST PORT
'use strict';
const http = require('http');
const { WebSocketServer, createWebSocketStream } = require('ws');
const { GraphQLSchema, GraphQLObjectType, GraphQLString, GraphQLInt } = require('graphql');
const { useServer } = require('graphql-ws/use/ws');
const { Server: SocketIO } = require('socket.io');
const { track } = require('./wslog');

const [host, port] = [process.argv[2], Number(process.argv[3])];

function listen(offset, protocol, options = {}) {
  const web = http.createServer().listen(port + offset, host);
  const wss = new WebSocketServer({ server: web, handleProtocols: () => protocol, ...options });
  wss.on('connection', (ws, req) => track(ws, { role: 'server', path: req.url, subprotocol: ws.protocol }));
  return wss;
}

async function mqtt() {
  const { Aedes } = require('aedes');
  const broker = await Aedes.createBroker({ heartbeatInterval: 60000 });
  listen(0, 'mqtt').on('connection', (ws) => broker.handle(createWebSocketStream(ws)));
}

function graphql() {
  const greeting = { type: GraphQLString, resolve: () => 'Hello, wsight' };
  async function* ticks() {
    for (let n = 1; n <= 5; n++) yield { tick: n };
  }
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { greeting } }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: { tick: { type: GraphQLInt, subscribe: ticks } },
    }),
  });
  const onConnect = (context) => context.connectionParams?.refuse !== true;
  useServer({ schema, onConnect }, listen(1, 'graphql-transport-ws', { perMessageDeflate: { threshold: 0 } }));
}

// Socket.IO's own server, with a log of each WebSocket from its first message on.
class TrackedServer extends WebSocketServer {
  handleUpgrade(req, socket, head, done) {
    super.handleUpgrade(req, socket, head, (ws, r) => {
      track(ws, { role: 'server', path: req.url });
      done(ws, r);
    });
  }
}

function socketIO() {
  const web = http.createServer().listen(port + 2, host);
  const io = new SocketIO(web, { pingInterval: 300, wsEngine: TrackedServer });
  io.on('connection', (s) => {
    s.on('say', (text, answer) => answer(`you said ${text}`));
    s.on('bytes', (data) => s.emit('bytes', Buffer.concat([data, data])));
  });
}

function stomp() {
  const headers = (frame) => Object.fromEntries(frame.split('\n\n')[0].split('\n').slice(1).map((l) => l.split(/:(.*)/)));
  listen(3, 'v12.stomp').on('connection', (ws) => {
    let subscription;
    ws.on('message', (data) => {
      const frame = data.toString();
      const [command, h] = [frame.split('\n')[0], headers(frame)];
      if (command === 'CONNECT') ws.send('CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0');
      if (command === 'SUBSCRIBE') subscription = h.id;
      if (command === 'SEND') {
        const body = frame.slice(frame.indexOf('\n\n') + 2, -1);
        ws.send(`MESSAGE\nsubscription:${subscription}\nmessage-id:1\ndestination:${h.destination}\n\n${body}\0`);
      }
      if (h.receipt) ws.send(`RECEIPT\nreceipt-id:${h.receipt}\n\n\0`);
    });
  });
}

function ocpp() {
  const answers = {
    BootNotification: { status: 'Accepted', currentTime: '2026-01-01T00:00:00Z', interval: 300 },
    Heartbeat: { currentTime: '2026-01-01T00:00:05Z' },
  };
  listen(4, 'ocpp1.6').on('connection', (ws) => {
    ws.on('message', (data) => {
      const [, id, action] = JSON.parse(data);
      if (answers[action]) ws.send(JSON.stringify([3, id, answers[action]]));
      else ws.send(JSON.stringify([4, id, 'NotImplemented', `no ${action}`, {}]));
    });
  });
}

mqtt().then(() => [graphql, socketIO, stomp, ocpp].forEach((f) => f()));
