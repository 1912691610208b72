"""Every version of the protocol, from hixie-75 to RFC 6455, one connection each, written by an encoder of
its own: text both ways, fragments, binary, Ping and Pong, and the close of that version."""
import base64
import hashlib
import os
import struct

from rawcase import BINARY, CLOSE, CONT, PING, PONG, TEXT, Case, accept_for, close_payload, main

CONNECTION_GUID = b"61AC5F19-FBBA-4540-B96F-6561F1AB40A8"
OLD_OPCODES = {CONT: 0, CLOSE: 1, PING: 2, PONG: 3, TEXT: 4, BINARY: 5}
HOST = f"{os.environ.get('S4', 'server')}:8080"
ORIGIN = "http://example.com"
UNMASKED = ("hixie", "hybi-01", "hybi-02", "hybi-03")


def key_number(key):
    return int("".join(c for c in key if c.isdigit())) // key.count(" ")


def xored(data, key, start=0):
    return bytes(byte ^ key[(start + i) % len(key)] for i, byte in enumerate(data))


def logical(opcode, payload, last, more_bit):
    """The header that hybi-01 to hybi-06 share, and the payload."""
    size = len(payload)
    head = bytes([(last != more_bit) << 7 | OLD_OPCODES[opcode]])
    if size < 126:
        head += bytes([size])
    else:
        head += bytes([126]) + struct.pack(">H", size) if size < 65536 else bytes([127]) + struct.pack(">Q", size)
    return head + payload


class Old(Case):
    """`draft` names it; `number` is what its version header says, None without one."""

    def __init__(self, path, draft, number, **headers):
        self.draft, self.number = draft, number
        self.nonce = base64.b64encode(hashlib.sha256(path.encode()).digest()[:16]).decode()
        self.faulty = headers.pop("faulty", False)
        self.origin = headers.pop("origin", None)
        super().__init__(path, **headers)

    # ---- Handshakes

    def old_lines(self):
        return [f"GET {self.path} HTTP/1.1", "Upgrade: WebSocket", "Connection: Upgrade", f"Host: {HOST}",
                f"Origin: {ORIGIN}"]

    def request(self, headers):
        if self.draft == "hixie-75":
            return ("\r\n".join(self.old_lines()) + "\r\n\r\n").encode()
        if self.draft in ("hixie-76", "hybi-01", "hybi-02", "hybi-03"):
            self.key1, self.key2 = "18x 6]8vM;54 *(5:  {   U1]8  z [  8", "1_ tx7X d  <  nw  334J702) 7]o}` 0"
            self.key3 = b"Tm[K T2u"
            lines = self.old_lines() + [f"Sec-WebSocket-Key1: {self.key1}", f"Sec-WebSocket-Key2: {self.key2}"]
            lines += [] if self.number is None else [f"Sec-WebSocket-Draft: {self.number}"]
            return ("\r\n".join(lines) + "\r\n\r\n").encode() + self.key3
        origin = self.origin or ("Origin" if self.number > 8 else "Sec-WebSocket-Origin")
        lines = [f"GET {self.path} HTTP/1.1", f"Host: {HOST}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {self.key}", f"{origin}: {ORIGIN}", f"Sec-WebSocket-Version: {self.number}"]
        if "offer" in headers:
            lines.append(f"Sec-WebSocket-Extensions: {headers['offer']}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def response(self, headers):
        if self.draft == "hixie-75":
            lines = ["HTTP/1.1 101 Web Socket Protocol Handshake", "Upgrade: WebSocket", "Connection: Upgrade",
                     f"WebSocket-Origin: {ORIGIN}", f"WebSocket-Location: ws://{HOST}{self.path}"]
            return ("\r\n".join(lines) + "\r\n\r\n").encode()
        if self.draft in ("hixie-76", "hybi-01", "hybi-02", "hybi-03"):
            lines = ["HTTP/1.1 101 WebSocket Protocol Handshake", "Upgrade: WebSocket", "Connection: Upgrade",
                     f"Sec-WebSocket-Origin: {ORIGIN}", f"Sec-WebSocket-Location: ws://{HOST}{self.path}"]
            numbers = struct.pack(">II", key_number(self.key1), key_number(self.key2))
            return ("\r\n".join(lines) + "\r\n\r\n").encode() + hashlib.md5(numbers + self.key3).digest()
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Accept: {accept_for(self.key)}"]
        lines += [f"Sec-WebSocket-Nonce: {self.nonce}"] if self.number == 4 else []
        lines += [f"Sec-WebSocket-Extensions: {headers['chosen']}"] if "chosen" in headers else []
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    # ---- Frames

    def wire(self, side, opcode, payload, fin, mask):
        if self.draft in ("hixie-75", "hixie-76"):
            return b"\xff\x00" if opcode == CLOSE else b"\x00" + payload + b"\xff"
        if self.draft in ("hybi-01", "hybi-02", "hybi-03"):
            return logical(opcode, payload, fin, True)
        bare = logical(opcode, payload, fin, False)
        if side == "server":
            return bare
        if self.number == 4:
            connection = hashlib.sha1(self.key.encode() + self.nonce.encode() + CONNECTION_GUID).digest()
            return mask + xored(bare, connection if self.faulty else hashlib.sha1(mask + connection).digest())
        return mask + xored(bare, mask)

    def send(self, side, opcode, payload=b"", fin=True, rsv=0, **odd):
        if self.draft == "rfc" or (self.number or 0) >= 7:
            return super().send(side, opcode, payload, fin, rsv, **odd)
        self.count += 1
        mask = self.bytes(self.count, 4)
        masked = side == "client" and not self.draft.startswith(UNMASKED)
        self.frames[side].append({"opcode": {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping",
                                             10: "pong"}[opcode],
                                  "fin": fin, "rsv": rsv, "masked": masked, "bytes": len(payload)})
        self.payloads[side].append((opcode, payload, fin, rsv))
        if opcode == CLOSE and not self.close[side]:
            coded = self.number == 6 and payload
            reason = payload[2:] if coded else payload if len(payload) > 1 else b""
            self.close[side] = {"code": struct.unpack(">H", payload[:2])[0] if coded else None,
                                "reason": reason.decode()}
        return self.raw(side, self.wire(side, opcode, payload, fin, mask))


def talk(case):
    """What every version but the first two can do."""
    case.client(TEXT, "grüße, Käse, 日本".encode()).server(TEXT, b"Hello")
    case.client(TEXT, b"in three ", fin=False).client(CONT, b"frag", fin=False).server(PING, b"are you there")
    case.client(PONG, b"are you there").client(CONT, b"ments")
    for line in ("Is there anything else?", "It is getting late.", "Nobody else is here.", "Good night."):
        case.server(TEXT, line.encode())
    large = b"b" * (66000 if case.draft in ("hybi-03", "hybi-04", "hybi-06") else 300)
    case.server(BINARY, bytes(range(256))).client(BINARY, large).server(TEXT, b"", fin=False)
    return case.server(CONT, b"last")


def sentinels(case):
    case.client(TEXT, b"Hello").server(TEXT, "grüße, 日本".encode()).client(TEXT, b"").server(TEXT, b"t" * 3000)
    case.frames["server"].append({"opcode": 3, "fin": True, "rsv": 0, "masked": False, "bytes": 2})
    return case.raw("server", b"\x80\x02He").client(TEXT, b"after a frame of known length")


def cases():
    yield sentinels(Old("ok-hixie-75", "hixie-75", None))
    yield sentinels(Old("ok-hixie-76", "hixie-76", None)).client(CLOSE).server(CLOSE)
    for number in (1, 2, 3):
        draft = f"hybi-0{number}"
        yield talk(Old(f"ok-{draft}", draft, number)).client(CLOSE, b"bye").server(CLOSE, b"bye")
    yield talk(Old("ok-hybi-01-without-a-number", "hybi-01", None)).client(CLOSE).server(CLOSE)
    yield talk(Old("ok-hybi-04", "hybi-04", 4)).client(CLOSE).server(CLOSE)
    yield talk(Old("ok-hybi-04-faulty", "hybi-04", 4, faulty=True)).client(CLOSE).server(CLOSE)
    yield talk(Old("ok-hybi-05", "hybi-05", 5)).client(CLOSE, b"C").server(CLOSE, b"S")
    yield (talk(Old("ok-hybi-06", "hybi-06", 6)).client(CLOSE, close_payload(1004, b"too much"))
           .server(CLOSE, close_payload(1004)))
    yield talk(Old("ok-hybi-07", "rfc", 7)).farewell()
    yield talk(Old("ok-hybi-10", "rfc", 8)).client(CLOSE, close_payload(1004)).server(CLOSE, close_payload(1004))
    yield talk(Old("ok-hybi-12", "rfc", 8, origin="Origin")).farewell("server")
    for number in (9, 10, 11, 12):
        yield talk(Old(f"ok-reserved-{number}", "rfc", number)).farewell()
    yield talk(Old("ok-rfc-6455", "rfc", 13)).farewell()


if __name__ == "__main__":
    main(list(cases()))
