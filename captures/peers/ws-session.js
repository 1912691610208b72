// One client connection, with the waiting that makes a scenario read as a list of steps.
'use strict';
const WebSocket = require('ws');
const { track } = require('./wslog');

class Session {
  static open(url, options = {}) {
    const { protocols = [], pmd = false, ...rest } = options;
    const ws = new WebSocket(url, protocols, { perMessageDeflate: pmd, ...rest });
    const s = new Session(ws, url);
    return new Promise((resolve, reject) => {
      ws.on('error', reject);
      ws.on('open', () => {
        ws.removeListener('error', reject);
        resolve(s);
      });
    });
  }

  constructor(ws, url) {
    this.ws = ws;
    this.got = 0;
    this.pongs = 0;
    this.waiting = [];
    this.closed = new Promise((resolve) => ws.on('close', resolve));
    ws.on('upgrade', (res) => {
      ws._socket?.setNoDelay(true);
      const u = new URL(url.replace(/^ws/, 'http'));
      track(ws, {
        role: 'client',
        path: u.pathname + u.search,
        socket: res.socket,
        subprotocol: res.headers['sec-websocket-protocol'],
        extensions: res.headers['sec-websocket-extensions'],
      });
    });
    ws.on('message', () => this.got++ >= 0 && this.wake());
    ws.on('pong', () => this.pongs++ >= 0 && this.wake());
    ws.on('close', () => this.wake());
  }

  wake() {
    this.waiting = this.waiting.filter((w) => !w());
  }

  // Waits until `done()` holds; a server that never answers ends the recording with an error.
  until(done) {
    if (done()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the server did not answer')), 15000);
      this.waiting.push(() => {
        if (!done() && this.ws.readyState !== WebSocket.CLOSED) return false;
        clearTimeout(timer);
        resolve();
        return true;
      });
    });
  }

  send(data, options) {
    this.ws.send(data, options);
  }

  // Sends and waits for as many messages in return.
  async echo(...list) {
    for (const data of list) {
      const want = this.got + 1;
      this.ws.send(data);
      await this.until(() => this.got >= want);
    }
  }

  received(n) {
    return this.until(() => this.got >= n);
  }

  async ping(data) {
    const want = this.pongs + 1;
    this.ws.ping(data);
    await this.until(() => this.pongs >= want);
  }

  fragments(parts, options = {}) {
    parts.forEach((part, i) => {
      this.ws.send(part, { ...options, fin: i === parts.length - 1 });
    });
  }

  async close(code, reason) {
    if (code === undefined) this.ws.close();
    else this.ws.close(code, reason);
    await this.closed;
  }
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

module.exports = { Session, sleep };
