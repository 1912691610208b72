#!/usr/bin/env python3
"""The worst of every bound in one capture, all at once: many connections, holes, overlaps, floods, bombs, lengths
that lie. Nothing is lost without a word, memory stays where it is, and a session before, one amid and one
after it all are decoded whole."""
import hashlib
import json
import os
import random
import struct
import subprocess
import zlib

from checks import TMP, WSIGHT, check, finish
from tcp_talk import ACK, FIN, MSS, Talk, ip, masks, write_packets
from rawcase import CONT, PING, PONG, TEXT, frame  # tcp_talk says where it is

CONNECTIONS_MAX = 1000
LIMIT = f"--max-connections={CONNECTIONS_MAX}"
MEMORY_MAX_KB = 64000  # the attacks are 35 MB, and one inflates to 300
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"


class Good:
    """A session that keeps every rule, with messages of both sides that refer back to one another."""

    def __init__(self, name, number, messages):
        self.path, self.hashes = f"/good/{name}", [hashlib.sha256(), hashlib.sha256()]
        self.talk, self.messages = Talk(number).open(self.path, DEFLATE), messages
        window = zlib.compressobj(9, zlib.DEFLATED, -15)
        for i in range(messages):
            text = f"{name} {i} ".encode() * (i % 50 + 1)
            packed = window.compress(text) + window.flush(zlib.Z_SYNC_FLUSH)
            self.talk.client(TEXT, text).server(TEXT, packed[:-4], rsv=4)
            for side in self.hashes:
                side.update(text)
            if i % 100 == 0:
                self.talk.server(PING, b"%d" % i).client(PONG, b"%d" % i)
        self.talk.close()

    def whole(self, sessions):
        found = [s for s in sessions if (s["handshake"] or {}).get("target") == self.path]
        sides = [found[0][side] for side in ("client_to_server", "server_to_client")] if len(found) == 1 else []
        return bool(sides) and found[0]["close"]["how"] == "clean" and all(
            side["messages"]["text"] == self.messages and side["messages_sha256"] == digest.hexdigest()
            for side, digest in zip(sides, self.hashes)) and {
                f["id"] for f in found[0]["findings"]} == {"ws.handshake.origin.missing"}


def attacks():
    """What comes of each, by what it must be found as, and its packets."""
    number = iter(range(1000, 100000))
    for _ in range(CONNECTIONS_MAX * 3):
        yield "tcp.limit.connections", Talk(next(number)).open("/many").client(TEXT, b"x").packets
    for _ in range(20):  # holes, with as much behind them as one connection may have, and all together may not
        talk = Talk(next(number)).open("/hole")
        for i in range(700):
            talk.segment(1, talk.next[1] + 1 + i * MSS, b"h" * MSS)
        yield "tcp.gap", talk.packets
    talk = Talk(next(number)).open("/pieces")
    for i in range(1500):
        talk.segment(1, talk.next[1] + 1 + 2 * i, b"p")
    yield "tcp.limit.out_of_order", talk.packets
    talk = Talk(next(number)).open("/overlap").server(TEXT, b"first")
    for i in range(2000):
        talk.segment(1, talk.next[1] - 7, b"\x81\x05" + b"%05d" % i)
    yield "tcp.overlap.differs", talk.packets
    yield "http.head.limit", Talk(next(number)).open().say(0, b"GET / HTTP/1.1\r\nX: " + b"a" * 200000).packets
    talk = Talk(next(number)).open()
    talk.next[0] += 300  # the request is lost, so the answer leaves open which version's frames follow
    yield "stream.limit.kept", talk.answer().client(TEXT, b"w" * 600000).packets
    talk = Talk(next(number)).open("/fragments").client(TEXT, b"f", fin=False)
    yield "ws.end.in_message", talk.say(0, frame(CONT, b"", fin=False, mask=masks.randbytes(4)) * 200000).say(
        0, flags=FIN | ACK).say(1, flags=FIN | ACK).packets
    talk = Talk(next(number)).open("/pings")
    yield "security.ping.flood", talk.say(0, frame(PING, b"", mask=masks.randbytes(4)) * 50000).packets
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(300)) + bomb.flush(zlib.Z_SYNC_FLUSH)
    yield "ws.deflate.bomb", Talk(next(number)).open("/bomb", DEFLATE).server(TEXT, packed[:-4], rsv=4).packets
    for length in (2**62, 2**63 + 5, 2**64 - 1):
        yield "ws.frame.length.top_bit", Talk(next(number)).open("/length").server(
            TEXT, b"l" * 5000, form=64, length=length).packets
    yield "ws.text.utf8", Talk(next(number)).open("/utf8").server(TEXT, b"\xc0\xaf\xed\xa0\x80\xff" * 3000).packets
    yield "ws.control.length", Talk(next(number)).open("/control").server(PING, b"c" * 60000, form=16).packets
    junk = random.Random(1)
    for _ in range(500):
        talk = Talk(next(number)).open("/junk")
        yield None, talk.say(0, junk.randbytes(2000)).say(1, junk.randbytes(2000)).packets
    block = struct.pack(">I", 5)[1:] + b"\x09\0\0\0\0\1" + b"\x82\x86\x84\x41\0"
    yield "http2.limit.continuation", Talk(next(number)).open().say(
        0, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
        + bytes.fromhex("0000050100000000018286844100") + block * 50000).packets
    yield "ip.fragment.limit", [ip(b"i" * 800, b"\x0a\1\0\1", b"\x0a\1\0\2", fragment=0x2000, number=i)
                                for i in range(6000)]
    deep = ip(b"", b"\x0a\2\0\1", b"\x0a\2\0\2")
    for _ in range(30):
        deep = ip(deep, b"\x0a\2\0\1", b"\x0a\2\0\2", protocol=4)
    yield "net.too_deep", [deep] * 100
    yield "net.malformed", [struct.pack(">B", 0x44) + b"m" * 60] * 100


def mixed(lists):
    """All lists at once, each in its own order."""
    pick = random.Random(2)
    order = [i for i, packets in enumerate(lists) for _ in packets]
    pick.shuffle(order)
    rest = [iter(packets) for packets in lists]
    return [next(rest[i]) for i in order]


def bounded(*arguments):
    """What wsight writes with no more than so much memory; the sanitizers need memory of their own."""
    limit = f"ulimit -d {MEMORY_MAX_KB};" if os.environ.get("BUILD", "build") == "build" else ""
    done = subprocess.run(["sh", "-c", f'{limit} exec "$0" "$@"', WSIGHT, *arguments], capture_output=True, check=False)
    check(f"{arguments[0]} ends well: {done.stderr}", done.returncode == 0 and not done.stderr)
    return done.stdout


def main():
    before, amid, after = Good("before", 1, 60), Good("amid", 2, 3000), Good("after", 3, 60)
    expected, lists = zip(*attacks())
    packets = before.talk.packets + mixed([*lists, amid.talk.packets]) + after.talk.packets
    path = os.path.join(TMP, "hostile.pcap")
    write_packets(path, packets)
    told = json.loads(bounded("report", "--format=json", "--digest", LIMIT, path))
    for good in (before, amid, after):
        check(f"the session {good.path} is decoded whole", good.whole(told["sessions"]))
    found = {f["id"] for f in told["findings"]}
    for kind in sorted(set(filter(None, expected))):
        check(f"{kind} is found", kind in found)
    loss = told["loss"]
    for counter in ("connections_evicted", "waiting_limit_hits", "gaps", "lost_bytes", "fragments_dropped",
                    "bad_packets", "too_deep_packets"):
        check(f"loss.{counter} is counted", loss[counter] > 0)
    opened = told["totals"]["sessions"]
    listed = len(told["sessions"]) + len(told["refused"]) + loss["sessions_left_out"]
    check(f"each session is listed or counted: {listed} of {opened}", listed == opened)
    check(f"every packet is counted: {told['capture']['packets']}", told["capture"]["packets"] == len(packets))
    lines = bounded("follow", "--format=jsonl", LIMIT, path).splitlines()
    check("follow ends with what was lost", json.loads(lines[-1])["type"] == "loss")
    finish()


main()
