"""Copies, cuts and reorders captures: the tool behind the recorded and the derived files.

  pcap.py copy IN OUT                      format by OUT's suffix: .pcap (microseconds), .pcapng (nanoseconds)
  pcap.py midstream IN OUT N [PORT]        without each connection's handshake and its next N data segments
  pcap.py gap IN OUT SEED PERCENT [PORT]   without some data segments (every copy of their bytes)
  pcap.py swap IN OUT SEED PERCENT         with some data segments of a direction swapped, as TCP allows
  pcap.py wrap IN OUT                      with sequence numbers that pass 2^32 early in each direction
  pcap.py late IN OUT SEED PERCENT         with some data segments only after the ACK that covers them
  pcap.py join OUT IN...                   several recordings as one, in time order
  pcap.py secrets IN OUT KEYS              a pcapng with a TLS key log inside (Decryption Secrets Block)

With a PORT only that port's connections are changed. Nothing of the recording machine (its name, kernel, programs) goes into the output."""
import collections
import json
import random
import struct
import sys

Packet = collections.namedtuple("Packet", "ns wire data")
Segment = collections.namedtuple("Segment", "src sport dst dport seq flags payload")
FIN, SYN, RST = 1, 2, 4


def read(path):
    """Packets of a file as tcpdump or write() makes it, its link type and its snap length."""
    with open(path, "rb") as file:
        raw = file.read()
    return read_pcapng(raw) if raw.startswith(b"\n\r\r\n") else read_pcap(raw)


def read_pcap(raw):
    unit = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}[struct.unpack_from("<I", raw)[0]]
    snap, link = struct.unpack_from("<II", raw, 16)
    at, packets = 24, []
    while at + 16 <= len(raw):
        sec, frac, kept, wire = struct.unpack_from("<IIII", raw, at)
        packets.append(Packet(sec * 10**9 + frac * unit, wire, raw[at + 16 : at + 16 + kept]))
        at += 16 + kept
    return packets, link, snap


def read_pcapng(raw):
    at, packets, link, snap = 0, [], 1, 0
    while at + 12 <= len(raw):
        kind, size = struct.unpack_from("<II", raw, at)
        if kind == 1:
            link, snap = struct.unpack_from("<HxxI", raw, at + 8)
        elif kind == 6:
            _, high, low, kept, wire = struct.unpack_from("<IIIII", raw, at + 8)
            packets.append(Packet(high << 32 | low, wire, raw[at + 28 : at + 28 + kept]))
        at += size
    return packets, link, snap


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def write(path, packets, link, snap, secrets=None):
    """secrets: key logs, each by the number of packets before its block; for pcapng only."""
    secrets = secrets or {}
    with open(path, "wb") as file:
        if path.endswith(".pcap"):
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snap, link))
            for p in packets:
                sec, ns = divmod(p.ns, 10**9)
                file.write(struct.pack("<IIII", sec, ns // 1000, len(p.data), p.wire) + p.data)
            return
        file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        if_tsresol = struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)
        file.write(block(1, struct.pack("<HHI", link, 0, snap) + if_tsresol))
        for n, p in enumerate([*packets, None]):
            if n in secrets:
                file.write(block(10, struct.pack("<II", 0x544C534B, len(secrets[n])) + secrets[n]))
            if p is None:
                break
            head = struct.pack("<IIIII", 0, p.ns >> 32, p.ns & 0xFFFFFFFF, len(p.data), p.wire)
            file.write(block(6, head + p.data))


def segment(packet):
    """The TCP segment in an Ethernet frame, or None."""
    data = packet.data
    kind, at = struct.unpack_from(">H", data, 12)[0], 14
    if kind == 0x0800 and data[at + 9] == 6:
        end = at + struct.unpack_from(">H", data, at + 2)[0]
        src, dst = data[at + 12 : at + 16], data[at + 16 : at + 20]
        at += (data[at] & 15) * 4
    elif kind == 0x86DD and data[at + 6] == 6:
        end = at + 40 + struct.unpack_from(">H", data, at + 4)[0]
        src, dst = data[at + 8 : at + 24], data[at + 24 : at + 40]
        at += 40
    else:
        return None
    sport, dport, seq = struct.unpack_from(">HHI", data, at)
    flags = data[at + 13]
    return Segment(src, sport, dst, dport, seq, flags, data[at + (data[at + 12] >> 4) * 4 : end])


def direction(s):
    return s.src, s.sport, s.dst, s.dport


def connection(s):
    return tuple(sorted([(s.src, s.sport), (s.dst, s.dport)]))


def concerns(s, port):
    return s and (not port or port in (s.sport, s.dport))


def midstream(packets, more, port):
    """Drops everything of a connection up to its 101 response and `more` data segments after it."""
    left, out = {}, []
    for p in packets:
        s = segment(p)
        if not concerns(s, port):
            out.append(p)
            continue
        conn = connection(s)
        todo = left.get(conn)
        if todo == 0:
            out.append(p)
        elif todo is None:
            if s.payload.startswith(b"HTTP/1.1 101"):
                left[conn] = more
        elif s.payload:
            left[conn] = todo - 1
    return out


def overlaps(s, hole):
    ahead = (s.seq - hole[0]) & 0xFFFFFFFF
    behind = (hole[0] - s.seq) & 0xFFFFFFFF
    return ahead < hole[1] or behind < len(s.payload)


def gap(packets, seed, percent, port):
    """Drops data segments at random, with whatever else carries their bytes; tells which to stderr."""
    rng, holes = random.Random(seed), collections.defaultdict(list)
    for p in packets:
        s = segment(p)
        handshake = s and (b"HTTP/1.1" in s.payload)
        if concerns(s, port) and s.payload and not handshake and rng.random() * 100 < percent:
            holes[direction(s)].append((s.seq, len(s.payload)))
    out, dropped = [], []
    for number, p in enumerate(packets, 1):
        s = segment(p)
        if s and s.payload and any(overlaps(s, h) for h in holes[direction(s)]):
            dropped.append({"packet": number, "from_port": s.sport, "to_port": s.dport, "bytes": len(s.payload)})
        else:
            out.append(p)
    print(json.dumps(dropped), file=sys.stderr)
    return out


def exchange(packets, i, j):
    """Swaps two packets; times stay in order."""
    a, b = packets[i], packets[j]
    packets[i], packets[j] = Packet(a.ns, b.wire, b.data), Packet(b.ns, a.wire, a.data)


def plain_data(s):
    return s and s.payload and not s.flags & (SYN | FIN | RST) and b"HTTP/1.1" not in s.payload


def swap(packets, seed, percent):
    """Swaps neighbouring data segments of a direction unless the other side spoke in between."""
    rng, out, last = random.Random(seed), list(packets), {}
    for i, p in enumerate(packets):
        s = segment(p)
        if not s:
            continue
        last.pop((s.dst, s.dport, s.src, s.sport), None)
        if not plain_data(s):
            continue
        j = last.pop(direction(s), None)
        if j is not None and rng.random() * 100 < percent:
            exchange(out, i, j)
        else:
            last[direction(s)] = i
    return out


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def wrap(packets, first=2**32 - 2000):
    """Moves each direction's sequence numbers so that they begin at `first` (connections without SACK)."""
    shift, out = {}, []
    for p in packets:
        s = segment(p)
        back = (s.dst, s.dport, s.src, s.sport)
        if s.flags & SYN:
            shift[direction(s)] = first - s.seq
        at = 34 if len(s.src) == 4 else 54
        tcp = bytearray(p.data[at : at + len(p.data)])
        ack = struct.unpack_from(">I", tcp, 8)[0]
        ack = (ack + shift[back]) & 0xFFFFFFFF if s.flags & 0x10 else ack
        struct.pack_into(">II", tcp, 4, (s.seq + shift[direction(s)]) & 0xFFFFFFFF, ack)
        tcp[16:18] = b"\0\0"
        sum16 = checksum(s.src + s.dst + struct.pack(">II", len(tcp), 6) + bytes(tcp))
        tcp[16:18] = struct.pack(">H", sum16)
        out.append(Packet(p.ns, p.wire, p.data[:at] + bytes(tcp)))
    return out


def late(packets, seed, percent):
    """Swaps a data segment with the packet that answers it."""
    rng, out, i = random.Random(seed), list(packets), 0
    while i + 1 < len(packets):
        s, answer = segment(packets[i]), segment(packets[i + 1])
        answers = answer and s and direction(answer) == (s.dst, s.dport, s.src, s.sport)
        if answers and plain_data(s) and rng.random() * 100 < percent:
            exchange(out, i, i + 1)
            i += 1
        i += 1
    return out


def main():
    command, args = sys.argv[1], sys.argv[2:]
    if command == "join":
        parts = [read(name) for name in args[1:]]
        packets = sorted((p for part in parts for p in part[0]), key=lambda p: p.ns)
        write(args[0], packets, parts[0][1], parts[0][2])
        return
    packets, link, snap = read(args[0])
    secrets = {}
    port = int(args[4 if command == "gap" else 3]) if len(args) > (4 if command == "gap" else 3) else 0
    if command == "midstream":
        packets = midstream(packets, int(args[2]), port)
    elif command == "gap":
        packets = gap(packets, int(args[2]), float(args[3]), port)
    elif command == "swap":
        packets = swap(packets, int(args[2]), float(args[3]))
    elif command == "wrap":
        packets = wrap(packets)
    elif command == "late":
        packets = late(packets, int(args[2]), float(args[3]))
    elif command == "secrets":
        with open(args[2], "rb") as file:
            secrets = {0: file.read()}
    elif command != "copy":
        sys.exit(__doc__)
    write(args[1], packets, link, snap, secrets)


if __name__ == "__main__":
    main()
