// A WebSocket client over TLS with what Node has: talk.js PORT. Sends a message, and closes when it
// is echoed. Node logs its TLS secrets where NODE_OPTIONS=--tls-keylog=FILE says.
"use strict";
const tls = require("tls");

const frame = (opcode, text) => {
    const payload = Buffer.from(text);
    return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
};

const socket = tls.connect({host: "127.0.0.1", port: Number(process.argv[2]),
                            servername: "talk.example", rejectUnauthorized: false}, () => {
    socket.write("GET /from-node HTTP/1.1\r\nHost: talk.example\r\nUpgrade: websocket\r\n" +
                 "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
});
let answers = 0;
socket.on("data", () => {
    answers++;
    socket.write(answers === 1 ? frame(1, "hello from node") : frame(8, "\x03\xe8"));
});
socket.on("end", () => socket.end());
