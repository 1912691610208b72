"""Exchanges written down byte by byte, for what a well-behaved program never sends.

A Case is a handshake and a list of steps; both ends run it from the same table: at its own steps an end
sends, at the other's it reads exactly as many bytes, so the order on the wire is the order written."""
import base64
import hashlib
import os
import socket
import struct
import sys
import zlib

from pylog import Tally, endpoint, write

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
NAMES = {CONT: "continuation", TEXT: "text", BINARY: "binary", CLOSE: "close", PING: "ping", PONG: "pong"}
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
RANDOM_MASK = "random"


def accept_for(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def close_payload(code, reason=b""):
    return struct.pack(">H", code) + reason


def frame(opcode, payload, fin=True, rsv=0, mask=None, form=None, length=None):
    """`form` forces the 16- or 64-bit length field, `length` lies about the length."""
    size = len(payload) if length is None else length
    form = form or (7 if size < 126 else 16 if size < 65536 else 64)
    head = bytes([fin << 7 | rsv << 4 | opcode])
    bit = 0x80 if mask is not None else 0
    if form == 7:
        head += bytes([bit | size])
    else:
        head += bytes([bit | (126 if form == 16 else 127)]) + struct.pack(">H" if form == 16 else ">Q", size)
    if mask is None:
        return head + payload
    pad = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return head + mask + bytes(a ^ b for a, b in zip(payload, pad))


class Case:
    def __init__(self, path, request=None, response=None, **headers):
        """`request` and `response` replace whole heads; `headers` change the usual ones: `offer`, `chosen`
        (extensions), `key`, `more` (further request lines), `answer` (further response lines)."""
        self.path = "/" + path
        self.key = headers.get("key") or base64.b64encode(self.bytes("key", 16)).decode()
        self.steps, self.count = [], 0
        self.frames = {"client": [], "server": []}
        self.payloads = {"client": [], "server": []}
        self.close = {"client": None, "server": None}
        self.over, self.chosen, self.sound = False, headers.get("chosen"), False
        self.raw("client", request or self.request(headers))
        self.raw("server", response or self.response(headers))

    def bytes(self, purpose, length):
        return hashlib.sha256(f"{self.path} {purpose}".encode()).digest()[:length]

    def request(self, headers):
        lines = [f"GET {self.path} HTTP/1.1", f"Host: {os.environ.get('S4', 'server')}:8080", "Upgrade: websocket",
                 "Connection: Upgrade", f"Sec-WebSocket-Key: {self.key}", "Sec-WebSocket-Version: 13"]
        if "offer" in headers:
            lines.append(f"Sec-WebSocket-Extensions: {headers['offer']}")
        return ("\r\n".join(lines + headers.get("more", [])) + "\r\n\r\n").encode()

    def response(self, headers):
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Accept: {accept_for(self.key)}"]
        if "chosen" in headers:
            lines.append(f"Sec-WebSocket-Extensions: {headers['chosen']}")
        return ("\r\n".join(lines + headers.get("answer", [])) + "\r\n\r\n").encode()

    def raw(self, side, data):
        self.steps.append((side, "send", data))
        return self

    def send(self, side, opcode, payload=b"", fin=True, rsv=0, mask=RANDOM_MASK, **odd):
        if mask == RANDOM_MASK:
            self.count += 1
            mask = self.bytes(self.count, 4) if side == "client" else None
        note = {"opcode": NAMES.get(opcode, opcode), "fin": fin, "rsv": rsv, "masked": mask is not None}
        self.frames[side].append({**note, "bytes": odd.get("length", len(payload))})
        if "length" not in odd:
            self.payloads[side].append((opcode, payload, fin, rsv))
        if opcode == CLOSE and len(payload) != 1 and not self.close[side]:
            code = struct.unpack(">H", payload[:2])[0] if payload else None
            self.close[side] = {"code": code, "reason": payload[2:].decode(errors="replace")}
        return self.raw(side, frame(opcode, payload, fin, rsv, mask, **odd))

    def client(self, opcode, payload=b"", **odd):
        return self.send("client", opcode, payload, **odd)

    def server(self, opcode, payload=b"", **odd):
        return self.send("server", opcode, payload, **odd)

    def farewell(self, first="client", code=1000):
        """Close both ways."""
        other = "server" if first == "client" else "client"
        self.send(first, CLOSE, close_payload(code))
        return self.send(other, CLOSE, close_payload(code))

    def fail(self, by, code=1002):
        """`by` fails the connection with a Close that is answered."""
        return self.farewell(by, code)

    def end(self, side, how="fin"):
        """Who ends TCP and how; without it the server ends with FIN."""
        self.steps.append((side, how, b""))
        self.over = True
        return self

    def plan(self):
        return self.steps if self.over else self.steps + [("server", "fin", b"")]


def receive(sock, size):
    while size:
        data = sock.recv(min(size, 65536))
        if not data:
            raise EOFError
        size -= len(data)


def play(sock, case, me):
    for side, action, data in case.plan():
        if action == "send" and side == me:
            sock.sendall(data)
        elif action == "send":
            receive(sock, len(data))
        elif side == me and action == "rst":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            break
        elif side == me:
            sock.shutdown(socket.SHUT_WR)
        elif sock.recv(1):
            raise ValueError("bytes left over")
    sock.close()


def inflate(window, payload):
    """One message; a block that ends the stream (BFINAL) is followed by a new one with the old window."""
    out, payload = b"", payload + b"\0\0\xff\xff"
    while payload:
        z = zlib.decompressobj(-15, zdict=(window + out)[-32768:])
        out += z.decompress(payload)
        payload = z.unused_data if z.eof and z.unused_data != b"\0\0\0\xff\xff" else b""
    return out


def received(payloads, close):
    """What the finished messages of one direction were, for cases whose frames are all as they should be."""
    tally, window, parts, first = Tally(), b"", [], None
    for opcode, payload, fin, rsv in payloads:
        if opcode > BINARY:
            continue
        first = (opcode, rsv) if opcode else first
        parts.append(payload)
        if not fin:
            continue
        data, parts = b"".join(parts), []
        if first[1]:
            data = inflate(window, data)
            window = (window + data)[-32768:]
        tally.message(data.decode() if first[0] == TEXT else data)
    return tally.result(close)


def log(case, sock):
    sides = {"client_to_server": "client", "server_to_client": "server"}
    if case.path.startswith(("/ok", "/H", "/S")) or case.sound:
        for way, side in sides.items():
            write({"role": "server" if side == "client" else "client", "path": case.path,
                   "client": endpoint(sock.getsockname()), "server": endpoint(sock.getpeername()),
                   "received": received(case.payloads[side], case.close[side])})
    write({
        "role": "both",
        "path": case.path,
        "client": endpoint(sock.getsockname()),
        "server": endpoint(sock.getpeername()),
        "extensions": case.chosen,
        "frames_client_to_server": case.frames["client"],
        "frames_server_to_client": case.frames["server"],
        "closes": {way: case.close[side] for way, side in sides.items()},
    })


def main(cases, sound=False):
    """ROLE HOST PORT [NAME...]: every case, or every one whose path begins with a NAME, is a connection, in
    the order of the table. `sound`: all messages are as they should be, whatever else is wrong, and are
    counted."""
    role, address, names = sys.argv[1], (sys.argv[2], int(sys.argv[3])), tuple(sys.argv[4:])
    if names:
        cases = [case for case in cases if case.path[1:].startswith(names)]
    listener = socket.create_server(address) if role == "server" else None
    for case in cases:
        sock = listener.accept()[0] if listener else socket.create_connection(address)
        sock.settimeout(15)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        case.sound = sound
        if role == "client":
            log(case, sock)
        try:
            play(sock, case, role)
        except ConnectionResetError:
            sock.close()
        except (EOFError, ValueError, OSError) as problem:
            sys.exit(f"{role} {case.path}: {problem!r}")
