"""What RFC 6455 forbids or frowns upon in frames and closes, one connection each, and beside it what is
odd but allowed (paths that begin with `ok`). Names: F and C numbers as in wsight's list of checks."""
import zlib

from rawcase import BINARY, CLOSE, CONT, PING, PONG, TEXT, Case, close_payload, main

OFFER = "permessage-deflate; client_max_window_bits"
PMD = {"offer": OFFER, "chosen": "permessage-deflate"}
HELLO = b"Hello"


def deflated(data, final=False):
    z = zlib.compressobj(wbits=-15)
    body = z.compress(data)
    return body + z.flush(zlib.Z_FINISH) if final else (body + z.flush(zlib.Z_SYNC_FLUSH))[:-4]


def masks_and_bits():
    yield Case("F1-client-unmasked").client(TEXT, HELLO, mask=None).fail("server")
    yield Case("F2-server-masked").server(TEXT, HELLO, mask=b"\x37\xfa\x21\x3d").fail("client")
    for bit in (4, 2, 1):
        yield Case(f"F3-rsv-{bit}-by-client").client(TEXT, HELLO, rsv=bit).fail("server")
    yield Case("F3-rsv-4-by-server").server(BINARY, HELLO, rsv=4).fail("client")
    yield Case("F3-rsv1-on-ping", **PMD).client(PING, HELLO, rsv=4).fail("server")
    yield (Case("F3-rsv1-on-continuation", **PMD).client(TEXT, deflated(HELLO)[:3], fin=False, rsv=4)
           .client(CONT, deflated(HELLO)[3:], rsv=4).fail("server"))
    for opcode in (3, 7, 11, 15):
        yield Case(f"F4-opcode-{opcode}").client(opcode, HELLO).fail("server")


def lengths():
    yield Case("F5-ping-of-126").client(PING, b"p" * 126).fail("server")
    yield Case("F5-pong-of-200-by-server").server(PONG, b"p" * 200).fail("client")
    yield Case("F6-ping-fragment").client(PING, b"half", fin=False).fail("server")
    yield Case("F6-close-fragment").client(CLOSE, close_payload(1000), fin=False).server(CLOSE, close_payload(1002))
    yield Case("F7-5-in-16-bits").client(TEXT, HELLO, form=16).fail("server")
    yield Case("F7-5-in-64-bits").client(TEXT, HELLO, form=64).fail("server")
    yield Case("F7-300-in-64-bits-by-server").server(BINARY, b"b" * 300, form=64).fail("client")
    yield (Case("F8-length-top-bit").client(TEXT, HELLO, form=64, length=1 << 63 | 5)
           .server(CLOSE, close_payload(1002)))
    yield (Case("ok-F8-length-2-to-62").client(TEXT, HELLO, form=64, length=1 << 62)
           .server(CLOSE, close_payload(1009, b"too big")))


def fragments():
    yield Case("F9-continuation-of-nothing").client(CONT, HELLO).fail("server")
    yield Case("F9-continuation-after-end").client(TEXT, HELLO).client(CONT, HELLO).fail("server")
    yield Case("F10-text-in-text").client(TEXT, b"open", fin=False).client(TEXT, HELLO).fail("server")
    yield Case("F10-binary-in-text-by-server").server(TEXT, b"open", fin=False).server(BINARY, HELLO).fail("client")
    yield (Case("ok-F11-controls-inside").client(TEXT, b"Hel", fin=False).client(PING, b"in")
           .server(PONG, b"in").client(PONG, b"").client(CONT, b"lo").farewell())
    yield (Case("ok-F11-close-inside").client(TEXT, b"Hel", fin=False).farewell("server"))
    yield (Case("ok-F17-empty-fragments").client(TEXT, b"", fin=False).client(CONT, b"", fin=False)
           .client(CONT, b"").server(BINARY, b"").server(TEXT, b"").farewell())


def texts():
    bad = {"lone-ff": b"a\xffb", "surrogate": b"\xed\xa0\x80", "overlong": b"\xc0\xaf", "beyond": b"\xf4\x90\x80\x80",
           "cut-short": b"abc\xe2\x82"}
    for name, data in bad.items():
        yield Case(f"F12-utf8-{name}").client(TEXT, data).fail("server", 1007)
    yield (Case("F12-utf8-in-second-fragment").server(TEXT, b"\xe2", fin=False).server(CONT, b"\x28\xa1")
           .fail("client", 1007))
    yield Case("F12-utf8-deflated", **PMD).client(TEXT, deflated(b"a\xffb"), rsv=4).fail("server", 1007)
    yield (Case("ok-F12-utf8-across-fragments").client(TEXT, b"\xe2", fin=False).client(CONT, b"\x82", fin=False)
           .client(CONT, b"\xac").farewell())
    yield Case("ok-F12-binary-is-free").client(BINARY, b"\xff\xfe").farewell()


def pings():
    yield Case("F14-pong-unsolicited").client(PONG, b"hm").server(PONG, b"").farewell()
    yield Case("F15-pong-other-data").client(PING, b"one").server(PONG, b"two").farewell()
    yield Case("F16-ping-unanswered").client(PING, b"anyone?").client(TEXT, HELLO).server(TEXT, HELLO).farewell()
    yield (Case("ok-F15-newest-answered").client(PING, b"1").client(PING, b"2").client(PING, b"3")
           .server(PONG, b"3").farewell())
    yield Case("F18-end-inside-frame").client(TEXT, b"x" * 50, length=100).end("client").end("server")
    yield Case("F18-end-inside-message").client(TEXT, b"x" * 50, fin=False).end("client").end("server")
    yield Case("F18-reset-inside-frame").client(TEXT, b"x" * 50, length=100).end("server", "rst")


def codes():
    yield Case("C1-one-byte").client(CLOSE, b"\x03").server(CLOSE, close_payload(1002))
    yield Case("ok-C1-empty").client(CLOSE).server(CLOSE)
    yield Case("ok-C1-empty-answered-1000").client(CLOSE).server(CLOSE, close_payload(1000))
    wrong = {"C2": (0, 999), "C3": (1005, 1006, 1015), "C4": (1004,), "C5": (1016, 2999), "C8": (5000, 65535)}
    for check, values in wrong.items():
        for code in values:
            yield (Case(f"{check}-code-{code}").client(CLOSE, close_payload(code, b"hm"))
                   .server(CLOSE, close_payload(1002)))
    for code in (1012, 1013, 1014):
        yield Case(f"ok-C6-code-{code}").farewell("server", code)
    for code in (3000, 3999, 4000, 4999):
        yield Case(f"ok-C7-code-{code}").farewell("client", code)
    yield (Case("C9-reason-not-utf8").client(CLOSE, close_payload(1000, b"\xff\xff"))
           .server(CLOSE, close_payload(1007)))
    yield (Case("C9-reason-of-124").client(CLOSE, close_payload(1000, b"r" * 124))
           .server(CLOSE, close_payload(1002)))
    yield Case("C12-1010-by-server").farewell("server", 1010)
    yield Case("C13-1011-by-client").farewell("client", 1011)


def endings():
    yield (Case("C10-data-after-close").client(CLOSE, close_payload(1000)).client(TEXT, b"one more thing")
           .server(CLOSE, close_payload(1000)))
    yield (Case("C10-ping-after-close").server(CLOSE, close_payload(1000)).server(PING, b"hello?")
           .client(CLOSE, close_payload(1000)))
    yield Case("C11-close-unanswered").client(CLOSE, close_payload(1000)).end("server").end("client")
    yield Case("C11-other-code").client(CLOSE, close_payload(1000)).server(CLOSE, close_payload(1001))
    yield Case("C14-client-ends-tcp").farewell().end("client").end("server")
    yield (Case("C15-second-close").farewell("client").client(CLOSE, close_payload(1001)))
    yield Case("C16-fin-without-close").client(TEXT, HELLO).server(TEXT, HELLO).end("server").end("client")
    yield Case("C16-reset-without-close").client(TEXT, HELLO).server(TEXT, HELLO).end("client", "rst")
    yield (Case("C17-bytes-after-close").farewell("server").raw("server", b"GET / HTTP/1.1\r\n\r\n"))


def all_cases():
    for group in (masks_and_bits, lengths, fragments, texts, pings, codes, endings):
        yield from group()


if __name__ == "__main__":
    main(list(all_cases()))
