"""What a security reviewer looks for, one connection each; names that begin with `ok` have nothing to find.
Every secret in here is made up."""
import zlib

from rawcase import BINARY, PING, PONG, TEXT, Case, main

TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.bm90LWEtc2lnbmF0dXJl"
COOKIE = "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark"
HOST = "10.77.0.2:8080"


def talk(case, count=3, mask="random"):
    for n in range(count):
        case.client(TEXT, b"client message %d" % n, mask=mask).server(TEXT, b"server message %d" % n)
    return case.farewell()


def credentials():
    yield talk(Case(f"token-in-url?room=7&access_token={TOKEN}"))
    yield talk(Case("password-in-url?user=alice&password=not-a-real-one&api_key=sk-made-up-0000"))
    yield talk(Case("authorization-over-ws", more=["Authorization: Basic YWxpY2U6bm90LWEtcmVhbC1vbmU="]))
    yield talk(Case("bearer-and-cookie-over-ws", more=[f"Authorization: Bearer {TOKEN}", COOKIE]))
    k8s = "base64url.bearer.authorization.k8s.io.bm90LWEtcmVhbC10b2tlbg"
    yield talk(Case("token-in-subprotocol-k8s", more=[f"Sec-WebSocket-Protocol: {k8s}, v5.channel.k8s.io"],
                    answer=["Sec-WebSocket-Protocol: v5.channel.k8s.io"]))
    openai = "realtime, openai-insecure-api-key.sk-made-up-0000, openai-beta.realtime-v1"
    yield talk(Case("token-in-subprotocol-key", more=[f"Sec-WebSocket-Protocol: {openai}"],
                    answer=["Sec-WebSocket-Protocol: realtime"]))
    yield talk(Case("token-in-subprotocol-jwt", more=[f"Sec-WebSocket-Protocol: access_token, {TOKEN}"],
                    answer=["Sec-WebSocket-Protocol: access_token"]))
    yield talk(Case("cookie-set-over-ws", answer=["Set-Cookie: session=fedcba9876543210; Path=/"]))


def origins():
    yield talk(Case("ok-origin-same", more=[f"Origin: http://{HOST}"]))
    yield talk(Case("ok-origin-foreign-no-cookie", more=["Origin: https://elsewhere.example"]))
    yield talk(Case("origin-same-with-cookie", more=[f"Origin: http://{HOST}", COOKIE]))
    yield talk(Case("origin-foreign-with-cookie", more=["Origin: https://evil.example", COOKIE]))
    yield talk(Case("origin-other-port-with-cookie", more=["Origin: http://10.77.0.2:3000", COOKIE]))
    yield talk(Case("origin-null-with-cookie", more=["Origin: null", COOKIE]))
    yield talk(Case("no-origin-with-cookie", more=[COOKIE]))


def masks():
    yield talk(Case("mask-constant"), 12, b"\x12\x34\x56\x78")
    yield talk(Case("mask-zero"), 12, b"\0\0\0\0")
    yield talk(Case("mask-absent"), 12, None)
    case = Case("mask-counting")
    for n in range(40):
        case.client(TEXT, b"message %d" % n, mask=n.to_bytes(4, "big"))
    yield case.farewell()
    case = Case("mask-of-equal-bytes")
    for n in range(40):
        case.client(TEXT, b"message %d" % n, mask=bytes([n * 7 & 255]) * 4)
    yield case.farewell()
    yield talk(Case("ok-mask-random"), 40)


def floods():
    pmd = {"offer": "permessage-deflate", "chosen": "permessage-deflate"}
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = (z.compress(b"\0" * 20_000_000) + z.flush(zlib.Z_SYNC_FLUSH))[:-4]
    case = Case("compression-bomb", **pmd).client(TEXT, b"send it").server(BINARY, bomb, rsv=4)
    again = (z.compress(b"after the bomb") + z.flush(zlib.Z_SYNC_FLUSH))[:-4]
    yield case.server(TEXT, again, rsv=4).farewell()
    case = Case("ping-flood")
    for n in range(200):
        case.client(PING, b"%d" % n)
    yield case.server(PONG, b"199").farewell("server", 1008)
    case = Case("pong-flood")
    for n in range(200):
        case.server(PONG, b"")
    yield case.farewell()


def all_cases():
    for group in (credentials, origins, masks, floods):
        yield from group()


if __name__ == "__main__":
    main(list(all_cases()), sound=True)
