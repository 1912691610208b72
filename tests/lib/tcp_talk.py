"""TCP connections that tests make up packet by packet, with WebSocket inside."""
import base64
import hashlib
import random
import struct
import sys

sys.path[:0] = ["captures/peers"]
from pcap import Packet, write  # noqa: E402
from rawcase import CLOSE, accept_for, close_payload, frame  # noqa: E402

FIN, SYN, PSH, ACK = 1, 2, 8, 16
MSS = 1400
START_NS = 1_700_000_000 * 10**9
MAC = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"
masks = random.Random(3)


def ip(payload, source, target, protocol=6, fragment=0, number=0):
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), number, fragment, 64, protocol, 0, source,
                       target) + payload


class Talk:
    """Both ends of a connection: IP packets, in order."""

    def __init__(self, number, port=80):
        self.ends = [struct.pack(">I", 0x0A000000 + number), b"\x0a\xff\0\1"]
        self.ports = [1024 + number % 60000, port]
        self.next = [1000, 5000]
        self.key = base64.b64encode(hashlib.sha256(b"%d" % number).digest()[:16]).decode()
        self.packets = []

    def segment(self, side, seq, payload=b"", flags=PSH | ACK):
        tcp = struct.pack(">HHIIBBHHH", self.ports[side], self.ports[1 - side], seq & 0xFFFFFFFF,
                          self.next[1 - side] & 0xFFFFFFFF if flags & ACK else 0, 0x50, flags, 65535, 0, 0)
        self.packets.append(ip(tcp + payload, self.ends[side], self.ends[1 - side]))

    def say(self, side, data=b"", flags=PSH | ACK):
        for at in range(0, max(len(data), 1), MSS):
            piece = data[at:at + MSS]
            self.segment(side, self.next[side], piece, flags)
            self.next[side] += len(piece) + (1 if flags & (SYN | FIN) else 0)
        return self

    def open(self, path=None, *offer):
        self.say(0, flags=SYN).say(1, flags=SYN | ACK).say(0, flags=ACK)
        if path:
            self.head(0, f"GET {path} HTTP/1.1", "Host: h", f"Sec-WebSocket-Key: {self.key}",
                      "Sec-WebSocket-Version: 13", *offer).answer(*offer)
        return self

    def head(self, side, *lines):
        return self.say(side, "\r\n".join([*lines, "Upgrade: websocket", "Connection: Upgrade", "\r\n"]).encode())

    def answer(self, *more):
        return self.head(1, "HTTP/1.1 101 Switching Protocols", f"Sec-WebSocket-Accept: {accept_for(self.key)}",
                         *more)

    def client(self, opcode, payload, **how):
        return self.say(0, frame(opcode, payload, mask=masks.randbytes(4), **how))

    def server(self, opcode, payload, **how):
        return self.say(1, frame(opcode, payload, **how))

    def close(self):
        self.client(CLOSE, close_payload(1000)).server(CLOSE, close_payload(1000))
        return self.say(1, flags=FIN | ACK).say(0, flags=FIN | ACK).say(1, flags=ACK)


def write_packets(path, packets, gap_ns=10000):
    """IP packets as a capture of Ethernet, so long after each other."""
    write(path, [Packet(START_NS + i * gap_ns, len(MAC) + len(p), MAC + p) for i, p in enumerate(packets)], 1, 65535)
