"""permessage-deflate streams that ordinary libraries do not send but RFC 7692 allows (its own examples, and
blocks of every type), and some that it does not. Names beginning with `ok` are allowed."""
import zlib

from rawcase import BINARY, CONT, PING, PONG, TEXT, Case, main

OFFER = "permessage-deflate; client_max_window_bits"
HELLO = b"Hello"


class Deflater:
    def __init__(self, bits=15):
        self.z = zlib.compressobj(9, zlib.DEFLATED, -bits)

    def message(self, data):
        return (self.z.compress(data) + self.z.flush(zlib.Z_SYNC_FLUSH))[:-4]


def case(name, chosen="permessage-deflate"):
    return Case(name, offer=OFFER, chosen=chosen)


def hexes(text):
    return bytes.fromhex(text)


def examples():
    c = case("ok-7.2.3.1-one-block").client(TEXT, hexes("f248cdc9c90700"), rsv=4)
    c.server(TEXT, hexes("f248cd"), rsv=4, fin=False).server(CONT, hexes("c9c90700"))
    yield c.client(TEXT, hexes("f200110000"), rsv=4).farewell()
    yield case("ok-7.2.3.3-stored").client(TEXT, hexes("000500faff48656c6c6f00"), rsv=4).farewell()
    c = case("ok-7.2.3.4-bfinal").client(TEXT, hexes("f348cdc9c9070000"), rsv=4)
    c.client(TEXT, hexes("f200110000"), rsv=4)
    yield c.server(BINARY, hexes("f348cdc9c9070000"), rsv=4).server(BINARY, hexes("f200110000"), rsv=4).farewell()
    yield case("ok-7.2.3.5-two-blocks").client(TEXT, hexes("f248050000 00ffffcac9c90700".replace(" ", "")), rsv=4).farewell()
    c = case("ok-7.2.3.6-empty").client(TEXT, hexes("00"), rsv=4).client(TEXT, hexes("0300"), rsv=4)
    yield c.client(TEXT, hexes("f248cdc9c907"), rsv=4, fin=False).client(CONT, b"\0").farewell()


def windows():
    chosen = "permessage-deflate; server_no_context_takeover"
    c, client = case("ok-one-sided-server", chosen), Deflater()
    for n in range(4):
        data = b'{"sequence": %d, "state": "the same words again and again"}' % n
        c.client(TEXT, client.message(data), rsv=4).server(TEXT, Deflater().message(data), rsv=4)
    yield c.farewell()
    c, server = case("ok-one-sided-client", "permessage-deflate; client_no_context_takeover"), Deflater()
    for n in range(4):
        data = b'{"sequence": %d, "state": "the same words again and again"}' % n
        c.client(TEXT, Deflater().message(data), rsv=4).server(TEXT, server.message(data), rsv=4)
    yield c.farewell()
    c, client = case("ok-uncompressed-between"), Deflater()
    for n in range(3):
        c.client(TEXT, client.message(b"compressed text %d" % n), rsv=4).client(TEXT, b"plain text %d" % n)
    yield c.farewell()


def both_ways():
    c, up, down = case("ok-fragments-both-ways"), Deflater(), Deflater()
    for n in range(3):
        asked, told = up.message(b"question %d, question" % n), down.message(b"\0answer %d, answer, answer" % n)
        c.client(TEXT, asked[:4], rsv=4, fin=False).server(BINARY, told[:5], rsv=4, fin=False)
        c.client(PING, b"in the middle").server(PONG, b"in the middle")
        c.client(CONT, asked[4:9], fin=False).client(CONT, asked[9:])
        c.server(CONT, b"", fin=False).server(CONT, told[5:])
    yield c.farewell()


def faults():
    yield case("P-not-deflate").client(TEXT, b"\xff\xff\xff\xff\xff", rsv=4).farewell("server", 1007)
    c = case("P-rsv1-empty").client(TEXT, b"", rsv=4).client(TEXT, Deflater().message(HELLO), rsv=4)
    yield c.farewell()
    yield case("P-truncated").client(TEXT, Deflater().message(HELLO * 20)[:-6], rsv=4).farewell("server", 1007)
    far = Deflater()
    far.message(b"words that this connection never heard " * 3)
    yield (case("P-distance-too-far").client(TEXT, far.message(b"words that this connection never heard "), rsv=4)
           .farewell("server", 1007))
    bits = "permessage-deflate; client_max_window_bits=8"
    wide = Deflater()
    text = bytes(zlib.crc32(b"%d" % n) & 0xFF for n in range(600))
    c = case("P-window-larger-than-agreed", bits).client(BINARY, wide.message(text), rsv=4)
    yield c.client(BINARY, wide.message(text), rsv=4).farewell()


def all_cases():
    for group in (examples, windows, both_ways, faults):
        yield from group()


if __name__ == "__main__":
    main(list(all_cases()))
