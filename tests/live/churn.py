#!/usr/bin/env python3
"""WebSocket sessions as raw frames on an interface, many and fast, for the live tests.

churn.py INTERFACE [--sessions N | --seconds S] [--messages N] [--size BYTES] [--rate PACKETS]
         [--keep] [--long] [--lossy PERCENT] [--seed N]
--keep never ends a session; --long has one session that goes on, with a message for each of the others;
--lossy has so many packets in a hundred come late, and those of the session that goes on be lost;
--rate limits packets a second. Prints what was sent: packets, sessions, messages."""

import argparse
import random
import socket
import struct
import sys
import time

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ANSWER = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
FIN, SYN, PSH, ACK = 1, 2, 8, 16
MAC = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0"
SERVER = b"\x0a\0\0\1"


class Connection:
    """Both ends of one connection: frames to send, in order."""

    def __init__(self, number):
        self.client = b"\x0a" + struct.pack(">I", number + 256)[1:]
        self.port = 1024 + number % 60000
        self.next = [1000, 5000]

    def segment(self, server, flags, payload=b""):
        source, target = (SERVER, self.client) if server else (self.client, SERVER)
        ports = (80, self.port) if server else (self.port, 80)
        tcp = struct.pack(">HHIIBBHHH", *ports, self.next[server] & 0xffffffff,
                          self.next[not server] & 0xffffffff if flags & ACK else 0, 0x50, flags, 65535, 0, 0)
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0, source, target)
        self.next[server] += len(payload) + (1 if flags & (SYN | FIN) else 0)
        return MAC + ip + tcp + payload

    def begin(self, path):
        request = (b"GET /" + path + b" HTTP/1.1\r\nHost: churn\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   b"Sec-WebSocket-Key: " + KEY + b"\r\nSec-WebSocket-Version: 13\r\n\r\n")
        return [self.segment(False, SYN), self.segment(True, SYN | ACK), self.segment(False, PSH | ACK, request),
                self.segment(True, PSH | ACK, ANSWER)]

    def message(self, text):
        n = len(text)
        length = bytes([n]) if n < 126 else b"\x7e" + struct.pack(">H", n)
        return [self.segment(True, PSH | ACK, b"\x81" + length + text), self.segment(False, ACK)]

    def end(self):
        return [self.segment(True, PSH | ACK, b"\x88\x02\x03\xe8"),
                self.segment(False, PSH | ACK, b"\x88\x82\0\0\0\0\x03\xe8"), self.segment(True, FIN | ACK),
                self.segment(False, FIN | ACK), self.segment(True, ACK)]


def delay(frames, chance):
    """Some come late, as when they were lost by the network and sent again."""
    out = list(frames)
    for i in range(len(out) - 1):
        if random.random() < chance:
            out.insert(min(i + random.randint(1, 3), len(out) - 1), out.pop(i))
    return out


def lose(frames, chance):
    """Some never come, as when the capture lost them: the acknowledgement says that the receiver has them."""
    return [f for f in frames if random.random() >= chance]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("interface")
    parser.add_argument("--sessions", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--messages", type=int, default=2)
    parser.add_argument("--size", type=int, default=60)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--lossy", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    random.seed(args.seed)
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((args.interface, 0))
    text = b"x" * args.size
    long = Connection(0)
    packets = messages = number = 0
    begun = time.monotonic()

    def send(frames):
        nonlocal packets
        for frame in frames:
            out.send(frame)
        packets += len(frames)
        ahead = packets / args.rate - (time.monotonic() - begun) if args.rate else 0
        if ahead > 0:
            time.sleep(ahead)

    if args.long:
        send(long.begin(b"long"))
    while number < args.sessions or (args.seconds and time.monotonic() - begun < args.seconds):
        number += 1
        connection = Connection(number)
        frames = connection.begin(b"session/%d" % number)
        for _ in range(args.messages):
            frames += connection.message(text)
            messages += 1
        if not args.keep:
            frames += connection.end()
        send(delay(frames, args.lossy / 100))
        if args.long:
            send(lose(long.message(text), args.lossy / 100))
            messages += 1
    if args.long:
        send(long.end())
    print(packets, number + args.long, messages)
    sys.stdout.flush()


main()
