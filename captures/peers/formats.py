"""One recording in other clothes: file formats and link types that tcpdump here cannot record itself.

  formats.py IN OUT KIND     KIND: a name in FORMATS below

Link headers are made up around the recorded IP packets; everything else is as recorded."""
import gzip
import struct
import sys

import pcap

IPV6 = 0x86DD


def pcap_file(packets, link, order, nano, snap=262144):
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap, link)
    for p in packets:
        sec, ns = divmod(p.ns, 10**9)
        out += struct.pack(order + "IIII", sec, ns if nano else ns // 1000, len(p.data), p.wire) + p.data
    return out


def block(order, kind, body):
    body += b"\0" * (-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def pcapng_file(packets, order):
    """Two interfaces (client's packets with microseconds, server's in units of 2^-20 s), a block that nobody
    knows in between, and a second section."""
    def section():
        out = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
        out += block(order, 1, struct.pack(order + "HHI", 1, 0, 0))
        resolution = struct.pack(order + "HHB3xHH", 9, 1, 0x80 | 20, 0, 0)
        return out + block(order, 1, struct.pack(order + "HHI", 1, 0, 0) + resolution)
    out = section()
    for number, p in enumerate(packets):
        if number == len(packets) // 2:
            out += block(order, 0x0BAD0BAD, b"what is this") + section()
        s = pcap.segment(p)
        side = 1 if s and s.sport < s.dport else 0
        units = p.ns * 2**20 // 10**9 if side else p.ns // 1000
        head = struct.pack(order + "IIIII", side, units >> 32, units & 0xFFFFFFFF, len(p.data), p.wire)
        out += block(order, 6, head + p.data)
    return out


def relink(packets, link, order="<"):
    """Packets whose Ethernet header is replaced by that of another link type."""
    out = []
    for p in packets:
        kind = struct.unpack_from(">H", p.data, 12)[0]
        client, six = p.data[11] == 1, kind == IPV6
        snap = b"\xaa\xaa\x03\0\0\0" + p.data[12:14]
        heads = {
            0: struct.pack("<I", 30 if six else 2),                       # BSD null, host order
            108: struct.pack(">I", 30 if six else 2),                     # OpenBSD loop, network order
            101: b"",                                                     # raw IP
            9: b"\xff\x03" + (b"\0\x57" if six else b"\0\x21"),           # PPP
            51: b"\x11\0\0\7" + struct.pack(">H", len(p.data) - 12) + (b"\0\x57" if six else b"\0\x21"),
            127: radiotap() + wlan(p.data, to_ap=client) + snap,
            105: wlan(p.data, to_ap=client) + snap,
        }
        data = heads[link] + p.data[14:]
        out.append(pcap.Packet(p.ns, len(data), data))
    return pcap_file(out, link, order, False)


def radiotap():
    """Flags and rate present: no FCS at the end."""
    return struct.pack("<BBHIBB2x", 0, 0, 12, 0x00000006, 0, 108)


def wlan(ethernet, to_ap):
    """A QoS data frame to or from an access point."""
    ap, dst, src = bytes([2, 0, 0, 0, 3, 1]), ethernet[:6], ethernet[6:12]
    control, addresses = (0x01, ap + src + dst) if to_ap else (0x02, dst + ap + src)
    return bytes([0x88, control, 0, 0]) + addresses + b"\x10\0" + b"\0\0"


FORMATS = {
    "micro-big-endian": lambda p: pcap_file(p, 1, ">", False),
    "nano": lambda p: pcap_file(p, 1, "<", True),
    "nano-big-endian": lambda p: pcap_file(p, 1, ">", True),
    "pcapng-big-endian": lambda p: pcapng_file(p, ">"),
    "gzip": lambda p: gzip.compress(pcap_file(p, 1, "<", True), 9, mtime=0),
    "truncated": lambda p: pcap_file(p, 1, "<", False)[:-37],
    "null": lambda p: relink(p, 0),
    "loop": lambda p: relink(p, 108),
    "raw": lambda p: relink(p, 101),
    "ppp": lambda p: relink(p, 9),
    "pppoe": lambda p: relink(p, 51),
    "wifi-radiotap": lambda p: relink(p, 127),
    "wifi": lambda p: relink(p, 105),
}


def main():
    packets = pcap.read(sys.argv[1])[0]
    with open(sys.argv[2], "wb") as out:
        out.write(FORMATS[sys.argv[3]](packets))


if __name__ == "__main__":
    main()
