#!/usr/bin/python3
"""Decodes captures with a small decoder of its own and compares every count, SHA-256 and Close with the
truth that the programs logged: verify.py [NAME...]. For complete captures on Ethernet; it shares nothing
with wsight, so that a wrong truth is not taken for a fault of wsight's, nor the other way round."""
import collections
import glob
import hashlib
import json
import os
import re
import struct
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE + "/peers")
import pcap  # noqa: E402  pylint: disable=wrong-import-position

# Sessions that the capture does not hold whole, or not as Ethernet, IP, TCP and plain HTTP.
INCOMPLETE = {"gap", "midstream", "snaplen-128", "snaplen-400"}
OTHERWISE = {"tunnels", "cooked-v1", "cooked-v2", "fragments", "format", "h2c", "versions",
             "versions-midstream", "extensions", "old-programs"}
TLS = {os.path.basename(f)[: -len(".keys")] for f in glob.glob(f"{HERE}/*.keys")}
PARTLY = {"tour": r"/(before|hole|tls)", "tcp": r"/(same-port|urgent)"}
TAGS = {"vlan": 4, "qinq": 8}
HEAD = re.compile(rb"[A-Z]+ [^\r\n]*\r\n(?:(?!\r\n\r\n).)*?(?i:sec-websocket-(?:key|version)).*?\r\n\r\n", re.S)


def streams(packets, tags):
    """Bytes of each direction from its SYN on, by (source, destination) port."""
    segments, starts = collections.defaultdict(list), {}
    for packet in packets:
        data = packet.data[:12] + packet.data[12 + tags:]
        s = pcap.segment(pcap.Packet(0, 0, data))
        if s and s.flags & pcap.SYN:
            starts[s.sport, s.dport] = s.seq + 1
        if s and s.payload:
            seq = s.seq + 1 if s.flags & pcap.SYN else s.seq
            segments[s.sport, s.dport].append((seq, s.payload))
    return {way: assemble(starts[way], found) for way, found in segments.items() if way in starts}


def assemble(start, found):
    out = bytearray()
    for at, payload in sorted(((seq - start) & 0xFFFFFFFF, payload) for seq, payload in found):
        if at > len(out):
            break
        out += payload[len(out) - at:]
    return bytes(out)


def frames(data):
    at = 0
    while at + 2 <= len(data):
        fin, rsv, opcode = data[at] >> 7, data[at] >> 4 & 7, data[at] & 15
        masked, size = data[at + 1] >> 7, data[at + 1] & 127
        at += 2
        if size > 125:
            form = ">H" if size == 126 else ">Q"
            size = struct.unpack_from(form, data, at)[0]
            at += struct.calcsize(form)
        key, at = (data[at : at + 4], at + 4) if masked else (b"\0\0\0\0", at)
        if at + size > len(data):
            return
        yield fin, rsv, opcode, unmask(data[at : at + size], key)
        at += size


def unmask(payload, key):
    size = len(payload)
    pad = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(size, "big")


def inflate(window, data):
    out, data = b"", data + b"\0\0\xff\xff"
    while data:
        z = zlib.decompressobj(-15, zdict=(window + out)[-32768:])
        out += z.decompress(data)
        data = z.unused_data if z.eof and z.unused_data != b"\0\0\0\xff\xff" else b""
    return out


def count(data):
    """What an endpoint would have logged: messages up to the first Close."""
    tally, digest = collections.Counter(), hashlib.sha256()
    window, parts, first, close = b"", [], None, None
    for fin, rsv, opcode, payload in frames(data):
        if opcode == 8:
            code = struct.unpack_from(">H", payload)[0] if payload else None
            close = {"code": code, "reason": payload[2:].decode(errors="replace")}
            break
        if opcode > 8:
            tally["pings" if opcode == 9 else "pongs"] += 1
            continue
        first = (opcode, rsv) if opcode else first
        parts.append(payload)
        if not fin:
            continue
        message, parts = b"".join(parts), []
        if first[1] & 4:
            message = inflate(window, message)
            window = (window + message)[-32768:]
        tally["text" if first[0] == 1 else "binary"] += 1
        tally["bytes"] += len(message)
        digest.update(message)
    names = ("text", "binary", "bytes", "pings", "pongs")
    return {**{name: tally[name] for name in names}, "sha256": digest.hexdigest(), "close": close}


def legs(session, found):
    yield session["client"]["port"], session["server"]["port"]
    if "at_server" in session:
        port = session["at_server"]["port"]
        yield port, next(way[1] for way in found if way[0] == port)


def compare(session, found):
    for client, server in legs(session, found):
        up, down = found[client, server], found[server, client]
        requests, response = list(HEAD.finditer(up)), down.find(b"HTTP/1.1 101")
        if not requests or response < 0:
            yield "no opening handshake"
            continue
        sides = {
            "client_to_server": up[requests[-1].end():],
            "server_to_client": down[down.find(b"\r\n\r\n", response) + 4:],
        }
        for way, data in sides.items():
            truth, got = session[way] or {}, count(data) if session[way] else {}
            for name in truth.keys() & got.keys():
                if truth[name] != got[name]:
                    yield f"{way} {name}: log {truth[name]}, capture {got[name]}"


def check(name):
    with open(f"{HERE}/{name}.truth.json", encoding="utf-8") as file:
        sessions = json.load(file)["sessions"]
    path = next(f for f in (f"{HERE}/{name}.pcapng", f"{HERE}/{name}.pcap") if os.path.exists(f))
    found = streams(pcap.read(path)[0], TAGS.get(name, 0))
    wrong = checked = 0
    for session in sessions:
        skip = name in PARTLY and re.match(PARTLY[name], session["path"])
        if skip or not (session["client_to_server"] or session["server_to_client"]):
            continue
        checked += 1
        for difference in compare(session, found):
            print(f"{name} {session['path']}: {difference}")
            wrong += 1
    print(f"{name}: {checked} sessions, {wrong} differences")
    return wrong


def main():
    names = sys.argv[1:]
    if not names:
        names = {os.path.basename(f)[: -len(".truth.json")] for f in glob.glob(f"{HERE}/*.truth.json")}
    sys.exit(1 if sum([check(name) for name in sorted(set(names) - INCOMPLETE - OTHERWISE - TLS)]) else 0)


if __name__ == "__main__":
    main()
