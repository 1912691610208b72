"""Every extension that changes what is on the wire, one connection each, by encoders written for this: text
and binary both ways, fragments, a Ping between them, and a Close. The truth is what the programs meant."""
import bz2
import struct
import zlib

from rawcase import BINARY, CLOSE, CONT, PING, PONG, TEXT, Case, main
from versions import Old

RSV1, RSV2 = 4, 2
REPEATED = "words that come again and again, " * 40


class Deflater:
    """DEFLATE, with one window for all or, `fresh`, a new one for each."""

    def __init__(self, fresh=False):
        self.fresh = fresh
        self.z = zlib.compressobj(6, zlib.DEFLATED, -15)

    def pack(self, data):
        if self.fresh:
            self.z = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = self.z.compress(data) + self.z.flush(zlib.Z_SYNC_FLUSH)
        assert packed.endswith(b"\0\0\xff\xff")
        return packed[:-4]


class Bzip2:
    def pack(self, data):
        return bz2.compress(data, 1)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def snappy_block(data):
    """Literals, and copies of what stood 33 bytes before."""
    out, size = bytearray(), len(data)
    while size >= 128:
        out.append(size & 127 | 128)
        size >>= 7
    out.append(size)
    at = 0
    while at < len(data):
        copied = 0
        while at >= 33 and copied < 64 and at + copied < len(data) and data[at + copied] == data[at + copied - 33]:
            copied += 1
        if copied >= 4:
            out += bytes([(copied - 1) << 2 | 2]) + struct.pack("<H", 33)
            at += copied
        else:
            literal = data[at : at + 33]
            out += bytes([(len(literal) - 1) << 2]) + literal
            at += len(literal)
    return bytes(out)


class Snappy:
    """Its framing format; the identifier only once. Short messages are not compressed."""

    def __init__(self):
        self.begun = False

    def chunk(self, data):
        crc = crc32c(data)
        body = struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
        body += data if len(data) < 20 else snappy_block(data)
        return bytes([len(data) < 20]) + struct.pack("<I", len(body))[:3] + body

    def pack(self, data):
        head = b"" if self.begun else b"\xff\x06\0\0sNaPpY"
        self.begun = True
        return head + b"".join(self.chunk(data[i : i + 65536]) for i in range(0, len(data), 65536))


class Packed(Old):
    """Compresses messages, or each frame by itself (`by_frame`), with RSV1 or without a sign (`bit`)."""

    def __init__(self, path, extension, packer=Deflater, **how):
        self.packers = {"client": packer(), "server": packer()}
        self.by_frame, self.bit = how.get("by_frame", False), how.get("bit", RSV1)
        version = how.get("version", 13)
        super().__init__(path, "rfc" if version >= 7 else f"hybi-0{version}", version, offer=extension,
                         chosen=how.get("chosen", extension))

    def whole(self, side, opcode, plain, parts=(1,)):
        """One message, cut into frames at the sizes of `parts`, as shares of it."""
        pack = self.packers[side].pack
        cut = lambda data: [data[len(data) * sum(parts[:i]) // sum(parts) : len(data) * sum(parts[: i + 1]) // sum(parts)]
                            for i in range(len(parts))]
        frames = [pack(part) for part in cut(plain)] if self.by_frame else cut(pack(plain))
        before = len(self.payloads[side])
        for i, payload in enumerate(frames):
            bit = self.bit if i == 0 or self.by_frame else 0
            self.send(side, CONT if i else opcode, payload, fin=i == len(frames) - 1, rsv=bit)
        self.payloads[side][before:] = [(opcode, plain, True, 0)]
        return self


class Streamed(Old):
    """deflate-stream: all that follows the handshake is one DEFLATE stream each way."""

    def __init__(self, path, version, wrapped=False):
        self.z = None
        super().__init__(path, "rfc" if version >= 7 else f"hybi-0{version}", version, offer="deflate-stream",
                         chosen="deflate-stream")
        self.z = {side: zlib.compressobj(6, zlib.DEFLATED, 15 if wrapped else -15) for side in ("client", "server")}

    def raw(self, side, data):
        if self.z:
            data = self.z[side].compress(data) + self.z[side].flush(zlib.Z_SYNC_FLUSH)
        return super().raw(side, data)


def talk(case):
    case.whole("client", TEXT, b"Hello").whole("server", TEXT, b"Hello").whole("server", TEXT, b"Hello")
    case.whole("client", TEXT, REPEATED.encode()).client(PING, b"?").server(PONG, b"?")
    case.whole("server", BINARY, bytes(range(256)) * 8, (1, 3, 2)).whole("client", TEXT, "größer, 日本".encode(), (1, 1))
    return case.client(TEXT, b"not compressed") if case.bit else case


def closed(case):
    return case.farewell() if case.number >= 6 else case.client(CLOSE).server(CLOSE)


def streamed(case):
    case.client(TEXT, b"Hello").server(TEXT, b"Hello").server(TEXT, b"Hello")
    case.client(TEXT, REPEATED.encode()[:600], fin=False).server(PING, b"?").client(PONG, b"?")
    return case.client(CONT, REPEATED.encode()[600:]).server(BINARY, bytes(range(256)) * 8)


def number(n):
    return bytes([n]) if n < 126 else b"\x7e" + struct.pack(">H", n)


def multiplexed(path, name):
    """Two slots; channel 2 is added, talks beside channel 1, and is dropped; a third is refused."""
    case = Case(path, offer=name, chosen=name)
    request = b"GET /second HTTP/1.1\r\nHost: server\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
    case.server(BINARY, b"\0\x80" + number(2) + number(8192))
    case.client(BINARY, b"\x01\x81on the first").server(BINARY, b"\x01\x81heard")
    case.client(BINARY, b"\0\0\x02" + number(len(request)) + request)
    case.server(BINARY, b"\0\x20\x02" + number(len(b"HTTP/1.1 101 OK\r\n\r\n")) + b"HTTP/1.1 101 OK\r\n\r\n")
    case.client(BINARY, b"\x02\x01cut ", fin=False).server(PING, b"?").client(PONG, b"?").client(CONT, b"in two")
    case.server(BINARY, b"\x02\x82" + bytes(range(200))).client(BINARY, b"\0\x40\x02" + number(4096))
    case.client(BINARY, b"\x02\x80 and ended").client(BINARY, b"\0\0\x03" + number(len(request)) + request)
    case.server(BINARY, b"\0\x60\x03" + number(13) + struct.pack(">H", 3008) + b"slots exhau")
    case.client(BINARY, b"\0\x60\x02" + number(2) + struct.pack(">H", 1000))
    return case.farewell()


def unknown(path, name):
    """An extension that nobody decodes, with bits and an opcode of its own."""
    case = Case(path, offer=name, chosen=name)
    case.client(TEXT, b"plain").server(TEXT, b"\xc0\xc1 of its own", rsv=RSV2).client(BINARY, b"\1\2\3", rsv=RSV1)
    case.server(TEXT, b"in two ", fin=False, rsv=RSV2).server(CONT, b"frames", rsv=0).client(3, b"an opcode of its own")
    return case.server(TEXT, b"plain").farewell()


def cases():
    for version in (4, 6, 8):
        yield closed(streamed(Streamed(f"ok-deflate-stream-{version}", version)))
    yield closed(streamed(Streamed("ok-deflate-stream-as-zlib", 6, wrapped=True)))
    yield closed(talk(Packed("ok-deflate-application-data", "x-deflate-application-data", version=7, by_frame=True, bit=0)))
    yield closed(talk(Packed("ok-deflate-frame", "deflate-frame", version=8, by_frame=True)))
    yield closed(talk(Packed("ok-webkit-deflate-frame", "x-webkit-deflate-frame", by_frame=True)))
    yield closed(talk(Packed("ok-deflate-frame-fresh", "deflate-frame; no_context_takeover", lambda: Deflater(True),
                             by_frame=True)))
    yield closed(talk(Packed("ok-perframe-compress", "perframe-compress; method=deflate", by_frame=True)))
    yield closed(talk(Packed("ok-permessage-compress", "permessage-compress; method=deflate")))
    yield closed(talk(Packed("ok-permessage-deflate", "permessage-deflate")))
    yield closed(talk(Packed("ok-permessage-bzip2", "permessage-bzip2", Bzip2)))
    yield closed(talk(Packed("ok-permessage-snappy", "permessage-snappy", Snappy)))
    yield multiplexed("ok-mux", "mux; quota=8192")
    yield unknown("unknown", "x-of-its-own")


if __name__ == "__main__":
    main(list(cases()))
