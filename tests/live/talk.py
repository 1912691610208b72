#!/usr/bin/env python3
"""WebSocket sessions over real sockets, for the live tests: server and clients in one process.

talk.py [--address A] [--port P] [--sessions N] [--messages N] [--size BYTES] [--pause SECONDS]
        [--hold SECONDS] [--until FILE]: each session sends N messages, which are echoed, then a Ping,
then closes. --listen is the server alone, --remote the clients alone; --tls FOLDER talks TLS with the
cert.pem and key.pem there (clients log their secrets where SSLKEYLOGFILE says, as Python does by
itself). --pause waits between messages, --hold keeps the session open at the end, --until FILE as
long as there is no such file."""

import argparse
import base64
import hashlib
import os
import socket
import ssl
import struct
import sys
import threading
import time

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(opcode, payload, mask):
    n = len(payload)
    head = bytes([0x80 | opcode])
    bit = 0x80 if mask else 0
    if n < 126:
        head += bytes([bit | n])
    elif n < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", n)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", n)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(b ^ key[i & 3] for i, b in enumerate(payload))


def read_exact(stream, n):
    data = stream.read(n)
    if len(data) < n:
        raise EOFError
    return data


def read_frame(stream):
    first, second = read_exact(stream, 2)
    n = second & 127
    if n == 126:
        (n,) = struct.unpack(">H", read_exact(stream, 2))
    elif n == 127:
        (n,) = struct.unpack(">Q", read_exact(stream, 8))
    key = read_exact(stream, 4) if second & 128 else None
    payload = read_exact(stream, n)
    if key:
        payload = bytes(b ^ key[i & 3] for i, b in enumerate(payload))
    return first & 15, payload


def read_head(stream):
    lines = []
    while True:
        line = stream.readline()
        if line in (b"\r\n", b""):
            return lines
        lines.append(line.strip())


def serve(connection, tls):
    if tls:
        connection = tls.wrap_socket(connection, server_side=True)
    stream = connection.makefile("rb")
    key = next(v for v in read_head(stream) if v.startswith(b"Sec-WebSocket-Key: ")).split()[1]
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    while True:
        opcode, payload = read_frame(stream)
        connection.sendall(frame(10 if opcode == 9 else opcode, payload, False))
        if opcode == 8:
            connection.close()
            return


def listen(address, port, tls):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.socket(family)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen(64)
    while True:
        connection, _ = server.accept()
        threading.Thread(target=serve, args=(connection, tls), daemon=True).start()


def session(args, number):
    connection = socket.create_connection((args.address, args.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if args.tls:
        context = ssl.create_default_context(cafile=args.tls + "/cert.pem")
        connection = context.wrap_socket(connection, server_hostname="talk.example")
    stream = connection.makefile("rb")
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall((
        f"GET /talk/{number} HTTP/1.1\r\nHost: {args.address}:{args.port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
    read_head(stream)
    for i in range(args.messages):
        if args.while_no and os.path.exists(args.while_no):
            break
        text = f"message {i + 1} of session {number} ".encode()
        connection.sendall(frame(1, text.ljust(args.size, b"."), True))
        read_frame(stream)
        time.sleep(args.pause)
    connection.sendall(frame(9, b"ping", True))
    read_frame(stream)
    time.sleep(args.hold)
    while args.until and not os.path.exists(args.until):
        time.sleep(0.02)
    connection.sendall(frame(8, struct.pack(">H", 1000) + b"bye", True))
    read_frame(stream)
    connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--messages", type=int, default=3)
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--pause", type=float, default=0)
    parser.add_argument("--hold", type=float, default=0)
    parser.add_argument("--until")
    parser.add_argument("--while-no", metavar="FILE", help="no further message once it is there")
    parser.add_argument("--listen", action="store_true", help="be the server alone, for ever")
    parser.add_argument("--remote", action="store_true", help="the server is another process")
    parser.add_argument("--tls", metavar="FOLDER")
    parser.add_argument("--status", type=int, default=0, help="to exit with")
    args = parser.parse_args()
    tls = None
    if args.tls and not args.remote:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(args.tls + "/cert.pem", args.tls + "/key.pem")
    if args.listen:
        listen(args.address, args.port, tls)
    if not args.remote:
        threading.Thread(target=listen, args=(args.address, args.port, tls), daemon=True).start()
        time.sleep(0.05)
    for number in range(args.sessions):
        session(args, number + 1)
    time.sleep(0.05)
    sys.exit(args.status)


main()
