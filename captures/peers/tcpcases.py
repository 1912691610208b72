"""WebSocket sessions over TCP that does what TCP may do: keep-alive probes, zero windows, half-closed
connections, urgent data, reused ports, one byte per segment, data in the SYN, a simultaneous open.

tcpcases.py client|server HOST PORT [CASE...]"""
import hashlib
import os
import socket
import struct
import sys
import time

from pylog import Tally, endpoint, write
from rawcase import BINARY, CLOSE, TEXT, accept_for, close_payload, frame

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
TCP_FASTOPEN = 23


class End:
    """One end of a session: sends frames, reads and counts what comes."""

    def __init__(self, sock, role, name):
        self.sock, self.role, self.path = sock, role, "/" + name
        self.tally, self.close, self.buffer, self.count = Tally(), None, b"", 0
        self.near, self.far = endpoint(sock.getsockname()), None
        self.piece = 1 << 20
        sock.settimeout(15)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data):
        for at in range(0, len(data), self.piece):
            self.sock.sendall(data[at : at + self.piece])

    def send(self, opcode, payload):
        self.count += 1
        mask = hashlib.sha256(b"%s %d" % (self.path.encode(), self.count)).digest()[:4]
        self.write(frame(opcode, payload, mask=mask if self.role == "client" else None))

    def take(self, size):
        while len(self.buffer) < size:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def head(self):
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            data += self.take(1)
        self.far = endpoint(self.sock.getpeername())
        return data

    def receive(self):
        """One frame; False when it was a Close."""
        first, size = self.take(2)
        masked, size = size & 0x80, size & 0x7F
        if size > 125:
            size = struct.unpack(">H", self.take(2))[0]
        key = self.take(4) if masked else b"\0\0\0\0"
        payload = bytes(b ^ key[i % 4] for i, b in enumerate(self.take(size)))
        if first & 15 == CLOSE:
            self.close = {"code": struct.unpack(">H", payload[:2])[0], "reason": payload[2:].decode()}
            return False
        self.tally.message(payload.decode() if first & 15 == TEXT else payload)
        return True

    def drain(self):
        while self.receive():
            pass

    def ended(self):
        """Waits for the other side's FIN."""
        while self.sock.recv(65536):
            pass

    def done(self):
        self.sock.close()
        client = self.role == "client"
        write({"role": self.role, "path": self.path, "client": self.near if client else self.far,
               "server": self.far if client else self.near, "received": self.tally.result(self.close)})

    def request(self):
        lines = [f"GET {self.path} HTTP/1.1", f"Host: {os.environ['S4']}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def open(self):
        if self.role == "client":
            self.write(self.request())
            self.head()
            return
        self.head()
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Accept: {accept_for(KEY)}"]
        self.write(("\r\n".join(lines) + "\r\n\r\n").encode())


def talk(end, count=2, pause=0.0):
    """The client asks, the server answers."""
    for n in range(count):
        if end.role == "server":
            end.receive()
        end.send(TEXT, b"%s says %d" % (end.role.encode(), n))
        if end.role == "client":
            end.receive()
            time.sleep(pause)


def farewell(end):
    """The client closes, the server answers and ends TCP."""
    if end.role == "server":
        end.drain()
    end.send(CLOSE, close_payload(1000))
    if end.role == "client":
        end.drain()
        end.ended()


def usual(end):
    end.open()
    talk(end)
    farewell(end)


def keep_alive(end):
    for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1)):
        end.sock.setsockopt(socket.IPPROTO_TCP, option, value)
    end.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    end.open()
    talk(end, 2, 2.5)
    farewell(end)


def zero_window(end):
    end.open()
    if end.role == "client":
        for n in range(10):
            end.send(BINARY, b"%d" % n * 4000)
    else:
        time.sleep(1.5)
    farewell(end)


def half_close(end):
    end.open()
    talk(end)
    if end.role == "client":
        end.send(CLOSE, close_payload(1000))
        end.sock.shutdown(socket.SHUT_WR)
        end.drain()
        end.ended()
        return
    end.drain()
    time.sleep(0.1)
    for n in range(3):
        end.send(TEXT, b"still to be said: %d" % n)
    end.send(CLOSE, close_payload(1000))


def urgent(end):
    """The urgent byte is not part of the stream that a program reads."""
    end.open()
    talk(end)
    end.sock.send(b"!", socket.MSG_OOB)
    talk(end)
    farewell(end)


def reset(end):
    end.open()
    talk(end)
    if end.role == "client":
        end.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return
    try:
        end.ended()
    except ConnectionResetError:
        pass


def tiny(end):
    end.piece = 1
    usual(end)


# name: what both ends do, the client's own port
CASES = {
    "keep-alive": (keep_alive, 0), "zero-window": (zero_window, 0), "half-close": (half_close, 0),
    "urgent": (urgent, 0), "tiny-segments": (tiny, 0), "fast-open": (usual, 0),
    "same-port-1-reset": (reset, 45000), "same-port-2": (usual, 45000), "same-port-3": (usual, 45000),
    "simultaneous-open": (usual, 45001),
}


def client(address, names):
    for name in names:
        action, port = CASES[name]
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if port:
            sock.bind((os.environ["C4"], port))
        end = End(sock, "client", name)
        if name == "fast-open":
            sock.sendto(end.request(), socket.MSG_FASTOPEN, address)
            end.write, write_all = (lambda data: None), end.write
            end.open()
            end.write = write_all
            talk(end)
            farewell(end)
        else:
            sock.connect(address)
            action(end)
        end.near = endpoint(sock.getsockname())
        end.done()
        time.sleep(0.05)


def server(address, names):
    if names == ["simultaneous-open"]:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.connect((os.environ["C4"], CASES[names[0]][1]))
        end = End(sock, "server", names[0])
        usual(end)
        end.done()
        return
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    listener.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 16)
    listener.bind(address)
    listener.listen(8)
    for name in names:
        end = End(listener.accept()[0], "server", name)
        CASES[name][0](end)
        end.done()


def main():
    role, address = sys.argv[1], (sys.argv[2], int(sys.argv[3]))
    names = sys.argv[4:] or [name for name in CASES if name != "simultaneous-open"]
    (client if role == "client" else server)(address, names)


if __name__ == "__main__":
    main()
