"""A cable in user space: carries Ethernet frames between two interfaces and, as asked, impairs or wraps
what goes from IN to WIRE and unwraps what comes back. Needs no kernel module and follows a seed.

  link.py IN WIRE [loss=PERCENT] [reorder=PERCENT] [duplicate=PERCENT] [delay=MS] [seed=N] [wrap=KIND]
          [near=.N]

Impairments act on both directions, as tc netem does them: a reordered frame is one that skips the delay.
KIND is fragments (IP packets larger than 600 bytes are cut), vlan, qinq, mpls, gre, gretap, vxlan, geneve, ipip, 6in4, gtpu, pppoe or teredo; `near` is the
last byte of this box's tunnel address (the other box has the other one of 1 and 2)."""
import heapq
import random
import select
import socket
import struct
import sys
import time

ETH_P_ALL, SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 3, 263, 8, 4
PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 1, 1
TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID = 1 << 4, 1 << 6
IPV4, IPV6, TEB = 0x0800, 0x86DD, 0x6558


class Port:
    """An interface, opened raw; a VLAN tag that the kernel took off is put back."""

    def __init__(self, name):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.sock.bind((name, 0))
        member = struct.pack("iHH8s", socket.if_nametoindex(name), PACKET_MR_PROMISC, 0, b"")
        self.sock.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, member)
        self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)

    def receive(self):
        frame, extra, _, address = self.sock.recvmsg(65536, 256)
        if address[2] == PACKET_OUTGOING:
            return None
        for level, kind, data in extra:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", data[:20])
                if status & TP_STATUS_VLAN_VALID:
                    tpid = tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100
                    frame = frame[:12] + struct.pack(">HH", tpid, tci) + frame[12:]
        return frame

    def send(self, frame):
        self.sock.send(frame)


class Impairment:
    def __init__(self, options):
        self.rng = random.Random(int(options.get("seed", 1)))
        self.loss, self.reorder, self.duplicate = (
            float(options.get(name, 0)) for name in ("loss", "reorder", "duplicate")
        )
        self.delay = float(options.get("delay", 0)) / 1000

    def times(self, now):
        """When to deliver a frame that came now: no, one or two times."""
        if self.rng.random() * 100 < self.loss:
            return []
        due = now if self.rng.random() * 100 < self.reorder else now + self.delay
        return [due, due] if self.rng.random() * 100 < self.duplicate else [due]


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Wrapper:
    """Puts an Ethernet frame, or the IP packet in it, into the chosen encapsulation and takes it out."""

    TAGS = {"vlan": struct.pack(">HH", 0x8100, 0x2000 | 10),
            "qinq": struct.pack(">HHHH", 0x88A8, 20, 0x8100, 10)}
    UDP = {"vxlan": 4789, "geneve": 6081, "gtpu": 2152, "teredo": 3544}
    PROTOCOL = {"gre": 47, "gretap": 47, "ipip": 4, "6in4": 41}

    def __init__(self, kind, near):
        self.kind = kind
        self.ident = 0
        self.near = bytes([192, 0, 2, near])
        self.far = bytes([192, 0, 2, 3 - near])
        self.ends = bytes([2, 0, 0, 0, 1, 3 - near, 2, 0, 0, 0, 1, near])

    def ipv4(self, protocol, payload):
        self.ident = (self.ident + 1) & 0xFFFF
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), self.ident, 0x4000, 64, protocol, 0)
        head += self.near + self.far
        head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
        return self.ends + struct.pack(">H", IPV4) + head + payload

    def fragments(self, frame, most=576):
        """The IP packet in fragments, as a router with a small MTU (IPv4) or the host itself (IPv6) makes them."""
        kind, packet = struct.unpack_from(">H", frame, 12)[0], frame[14:]
        if kind not in (IPV4, IPV6) or len(packet) <= 600:
            return [frame]
        self.ident = (self.ident + 1) & 0xFFFF
        body, out = packet[20 if kind == IPV4 else 40:], []
        for at in range(0, len(body), most):
            part, more = body[at : at + most], at + most < len(body)
            if kind == IPV4:
                head = packet[:2] + struct.pack(">HHH", 20 + len(part), self.ident, more << 13 | at // 8)
                head += packet[8:10] + b"\0\0" + packet[12:20]
                head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
            else:
                head = packet[:4] + struct.pack(">HB", 8 + len(part), 44) + packet[7:40]
                head += struct.pack(">BBHI", packet[6], 0, at | more, self.ident)
            out.append(frame[:14] + head + part)
        return out

    def udp(self, payload):
        port = self.UDP[self.kind]
        source = 49152 if self.kind in ("vxlan", "geneve") else port
        return self.ipv4(17, struct.pack(">HHHH", source, port, 8 + len(payload), 0) + payload)

    def wrap(self, frame):
        kind = struct.unpack_from(">H", frame, 12)[0]
        packet = frame[14:]
        if self.kind in self.TAGS:
            return frame[:12] + self.TAGS[self.kind] + frame[12:]
        if self.kind == "gretap":
            return self.ipv4(47, struct.pack(">HHI", 0x2000, TEB, 7) + frame)
        if self.kind == "vxlan":
            return self.udp(struct.pack(">II", 0x08000000, 42 << 8) + frame)
        if self.kind == "geneve":
            option = struct.pack(">HBBI", 0x0102, 0x80, 1, 0xC0FFEE)
            return self.udp(struct.pack(">BBHI", 2, 0, TEB, 42 << 8) + option + frame)
        if kind not in (IPV4, IPV6):
            return None
        return self.wrap_packet(frame, kind, packet)

    def wrap_packet(self, frame, kind, packet):
        if self.kind == "mpls":
            labels = struct.pack(">II", 100 << 12 | 64, 200 << 12 | 0x100 | 64)
            return frame[:12] + struct.pack(">H", 0x8847) + labels + packet
        if self.kind == "pppoe":
            ppp = struct.pack(">H", 0x21 if kind == IPV4 else 0x57)
            head = struct.pack(">HBBHH", 0x8864, 0x11, 0, 7, len(packet) + 2)
            return frame[:12] + head + ppp + packet
        if self.kind == "gtpu":
            return self.udp(struct.pack(">BBHIHBB", 0x32, 255, len(packet) + 4, 0x1234, 1, 0, 0) + packet)
        if self.kind == "teredo" and kind == IPV6:
            return self.udp(packet)
        if self.kind == "gre":
            return self.ipv4(47, struct.pack(">HH", 0, kind) + packet)
        if self.kind == "ipip" and kind == IPV4 or self.kind == "6in4" and kind == IPV6:
            return self.ipv4(self.PROTOCOL[self.kind], packet)
        return None

    # The wire carries nothing but what the other box wrapped, so offsets are known.
    SKIP = {"mpls": 22, "pppoe": 22, "gretap": 42, "vxlan": 50, "geneve": 58, "gtpu": 54, "teredo": 42,
            "gre": 38, "ipip": 34, "6in4": 34}

    def unwrap(self, frame):
        if self.kind == "fragments":
            return frame
        if self.kind in self.TAGS:
            tags = self.TAGS[self.kind]
            return frame[:12] + frame[12 + len(tags):] if frame[12:].startswith(tags) else None
        inner = frame[self.SKIP[self.kind]:]
        if self.kind in ("gretap", "vxlan", "geneve"):
            return inner if len(inner) >= 14 else None
        version = inner[0] >> 4 if inner else 0
        ends = frame[:12] if self.kind in ("mpls", "pppoe") else b"\xff" * 6 + frame[6:12]
        if version not in (4, 6):
            return None
        return ends + struct.pack(">H", IPV4 if version == 4 else IPV6) + inner


class Neighbours:
    """Behind an IP tunnel there is no ARP: the box answers it, and addresses unwrapped packets itself."""

    MAC = bytes([2, 0, 0, 0, 2, 1])

    def __init__(self, tunnel):
        self.tunnel = tunnel
        self.host = b"\xff" * 6

    def answer(self, frame):
        if not self.tunnel:
            return None
        self.host = frame[6:12]
        kind = struct.unpack_from(">H", frame, 12)[0]
        if kind == 0x0806 and frame[21] == 1:
            reply = frame[14:20] + b"\0\2" + self.MAC + frame[38:42] + frame[22:32]
            return frame[6:12] + self.MAC + frame[12:14] + reply
        if kind == IPV6 and frame[20] == 58 and frame[54] == 135:
            return self.advertise(frame)
        return None

    def advertise(self, frame):
        target, asker = frame[62:78], frame[22:38]
        icmp = struct.pack(">BBHI", 136, 0, 0, 0x60000000) + target + b"\2\1" + self.MAC
        pseudo = target + asker + struct.pack(">II", len(icmp), 58)
        icmp = icmp[:2] + struct.pack(">H", checksum(pseudo + icmp)) + icmp[4:]
        head = struct.pack(">IHBB", 6 << 28, len(icmp), 58, 255) + target + asker
        return frame[6:12] + self.MAC + struct.pack(">H", IPV6) + head + icmp

    def address(self, frame):
        return self.host + self.MAC + frame[12:] if self.tunnel else frame


class Link:
    def __init__(self, inner, wire, options):
        self.inner, self.wire = Port(inner), Port(wire)
        self.impairment = Impairment(options)
        kind = options.get("wrap")
        self.wrapper = Wrapper(kind, int(options.get("near", 1))) if kind else None
        self.neighbours = Neighbours(kind in ("mpls", "pppoe", "gtpu", "teredo", "gre", "ipip", "6in4"))
        self.queue, self.count = [], 0

    def later(self, port, frame):
        now = time.monotonic()
        for due in self.impairment.times(now):
            self.count += 1
            heapq.heappush(self.queue, (due, self.count, port, frame))

    def outward(self, frame):
        answer = self.neighbours.answer(frame)
        if answer:
            self.inner.send(answer)
            return
        for part in self.wrapped(frame):
            if part:
                self.later(self.wire, part)

    def wrapped(self, frame):
        if not self.wrapper:
            return [frame]
        return self.wrapper.fragments(frame) if self.wrapper.kind == "fragments" else [self.wrapper.wrap(frame)]

    def inward(self, frame):
        frame = self.wrapper.unwrap(frame) if self.wrapper else frame
        if frame:
            self.later(self.inner, self.neighbours.address(frame))

    def run(self):
        ports = {self.inner.sock: (self.inner, self.outward), self.wire.sock: (self.wire, self.inward)}
        while True:
            wait = max(0, self.queue[0][0] - time.monotonic()) if self.queue else None
            for sock in select.select(list(ports), [], [], wait)[0]:
                port, forward = ports[sock]
                frame = port.receive()
                if frame:
                    forward(frame)
            while self.queue and self.queue[0][0] <= time.monotonic():
                _, _, port, frame = heapq.heappop(self.queue)
                port.send(frame)


def main():
    options = dict(option.split("=", 1) for option in sys.argv[3:])
    Link(sys.argv[1], sys.argv[2], options).run()


if __name__ == "__main__":
    main()
