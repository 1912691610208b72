"""Opening handshakes with one fault each (H: request, S: response), all answered with 101 and followed by
one text and a Close, so that a reader who only warns sees frames after them. Beside them what is odd but
allowed (paths that begin with `ok`)."""
import base64

from rawcase import TEXT, Case, accept_for, main

SHARED_KEY = base64.b64encode(b"sixteen bytes !!").decode()


def talk(case):
    return case.client(TEXT, b"Hello").server(TEXT, b"Hello").farewell()


def faulty(path, old=None, new="", **headers):
    """A usual request with the text `old` replaced; the response stays right for its key."""
    case = Case(path, **headers)
    head = case.steps[0][2].decode()
    if old is not None:
        assert old in head, (path, old)
        head = head.replace(old, new)
    case.steps[0] = ("client", "send", head.encode())
    return talk(case)


def answered(path, old, new, **headers):
    case = Case(path, **headers)
    head = case.steps[1][2].decode()
    assert old in head, (path, old)
    case.steps[1] = ("server", "send", head.replace(old, new).encode())
    return talk(case)


def requests():
    version = "Sec-WebSocket-Version: 13\r\n"
    yield faulty("H1-method-post", "GET ", "POST ")
    yield faulty("H2-http-1.0", " HTTP/1.1", " HTTP/1.0")
    yield faulty("H3-fragment", "/H3-fragment", "/H3-fragment#part")
    yield faulty("H3-other-host", "GET /", "GET http://elsewhere.example/")
    yield faulty("ok-H3-absolute", "GET /", "GET http://10.77.0.2:8080/")
    yield faulty("H4-no-host", "Host: 10.77.0.2:8080\r\n")
    yield faulty("H4-two-hosts", "Host: 10.77.0.2:8080\r\n", "Host: 10.77.0.2:8080\r\nHost: other.example\r\n")
    yield faulty("H5-upgrade-other", "Upgrade: websocket", "Upgrade: web-socket")
    yield faulty("ok-H5-upgrade-case", "Upgrade: websocket", "uPGRADE:\tWebSocket  ")
    yield faulty("H6-connection-close", "Connection: Upgrade", "Connection: keep-alive")
    yield faulty("ok-H6-connection-list", "Connection: Upgrade", "Connection: keep-alive, , upgrade")
    yield faulty("H7-key-of-15-bytes", key=base64.b64encode(b"fifteen bytes !").decode())
    yield faulty("H7-key-not-base64", key="this is not a key, is it")
    yield faulty("ok-H7-key-pad-bits", key="AQIDBAUGBwgJCgsMDQ4PEC==")
    key = base64.b64encode(b"another sixteen!").decode()
    yield faulty("H8-two-keys", version, version + f"Sec-WebSocket-Key: {key}\r\n")
    yield faulty("H9-key-repeated-1", key=SHARED_KEY)
    yield faulty("H9-key-repeated-2", key=SHARED_KEY)
    yield faulty("H10-no-version", version)
    yield faulty("H10-version-013", version, "Sec-WebSocket-Version: 013\r\n")
    yield faulty("H10-version-256", version, "Sec-WebSocket-Version: 256\r\n")
    yield faulty("H10-two-versions", version, version + "Sec-WebSocket-Version: 8\r\n")


def offers():
    yield faulty("H12-protocol-empty", more=["Sec-WebSocket-Protocol: "])
    yield faulty("H12-protocol-twice", more=["Sec-WebSocket-Protocol: chat, chat"])
    yield faulty("H12-protocol-not-a-token", more=["Sec-WebSocket-Protocol: chat room, b@d"])
    yield faulty("ok-H12-protocol-split", more=["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: mqtt"],
                 answer=["Sec-WebSocket-Protocol: mqtt"])
    yield faulty("H13-extension-grammar", offer="permessage-deflate; =8; ;")
    yield faulty("H13-quoted-not-a-token", offer='permessage-deflate; client_max_window_bits="1 5"')
    yield faulty("ok-H13-quoted", offer='permessage-deflate; client_max_window_bits="15", x-y; z="a\\b"')
    yield faulty("ok-H13-folded", offer="permessage-deflate;\r\n client_max_window_bits")
    case = Case("H14-frames-before-101")
    case.client(TEXT, b"too early")
    case.steps[1], case.steps[2] = case.steps[2], case.steps[1]
    yield talk(case)
    yield faulty("H15-extension-unregistered", offer="x-secret-sauce; heat=9")
    case = Case("ok-coalesced-with-101")
    case.server(TEXT, b"came with the 101").server(TEXT, b"so did this")
    case.steps[1:] = [("server", "send", b"".join(data for _, _, data in case.steps[1:]))]
    yield talk(case)


def responses():
    accept = "Sec-WebSocket-Accept: "
    yield answered("S2-upgrade-other", "Upgrade: websocket", "Upgrade: websockets")
    yield answered("S2-no-upgrade", "Upgrade: websocket\r\n", "")
    yield answered("S3-no-connection", "Connection: Upgrade\r\n", "")
    yield answered("S4-accept-wrong", accept, accept + "AAAA")
    yield answered("S4-accept-for-other-key", accept, f"{accept}{accept_for(SHARED_KEY)}\r\nX-Was: ")
    yield answered("S4-no-accept", accept, "X-Accept: ")
    yield answered("S4-two-accepts", "\r\n\r\n", f"\r\n{accept}{accept_for(SHARED_KEY)}\r\n\r\n")
    yield talk(Case("S5-extension-not-offered", chosen="permessage-deflate"))
    offer = "permessage-deflate"
    yield talk(Case("S5-other-extension", offer=offer, chosen="x-webkit-deflate-frame"))
    bad = {"bits-7": "server_max_window_bits=7", "bits-08": "server_max_window_bits=08", "unknown": "level=9",
           "client-bits-not-offered": "client_max_window_bits=10",
           "twice": "server_no_context_takeover; server_no_context_takeover"}
    for name, parameter in bad.items():
        yield talk(Case(f"S6-{name}", offer=offer, chosen=f"{offer}; {parameter}"))
    yield talk(Case("S6-required-not-answered", offer=offer + "; server_no_context_takeover", chosen=offer))
    chat = ["Sec-WebSocket-Protocol: chat"]
    yield talk(Case("S7-protocol-not-offered", answer=chat))
    yield talk(Case("S7-protocol-other-case", more=["Sec-WebSocket-Protocol: Chat"], answer=chat))
    yield talk(Case("S7-protocol-two", more=chat, answer=["Sec-WebSocket-Protocol: chat, mqtt"]))
    yield talk(Case("S8-protocol-empty", more=chat, answer=["Sec-WebSocket-Protocol: "]))
    yield talk(Case("S9-extensions-split", offer=f"{offer}, x-a", answer=["Sec-WebSocket-Extensions: x-a"],
                    chosen=offer))
    yield talk(Case("S11-none-chosen", more=chat))
    yield talk(Case("S12-content-length", answer=["Content-Length: 5"]))
    yield talk(Case("S12-chunked", answer=["Transfer-Encoding: chunked"]))


def all_cases():
    for group in (requests, offers, responses):
        yield from group()


if __name__ == "__main__":
    main(list(all_cases()))
