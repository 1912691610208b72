"""Clients on Debian's python3-websockets: py-client.py HOST PORT [scripts] (see py-server.py), or over TLS 1.2
and 1.3: py-client.py HOST PORT tls KEY CERT [PREFIX]. Keys are logged as $SSLKEYLOGFILE says."""
import asyncio
import hashlib
import ssl
import sys

import websockets

from pylog import Tally, open_websockets, write_websockets

SCRIPTS = [
    "The quick brown fox", "Zażółć gęślą jaźń", "Ελληνικά αλφάβητο", "Съешь ещё этих мягких булок",
    "הקליני רופא", "اللغة العربية", "हिन्दी देवनागरी", "தமிழ் எழுத்து", "ภาษาไทย", "ქართული ანბანი",
    "አማርኛ ፊደል", "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ", "中文字符", "日本語の文字", "한국어 글자", "𝔊𝔬𝔱𝔥𝔦𝔠 𐌲𐌿𐍄", "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301", "\u0000 \ufffd \U0010ffff",
]


def noise(length):
    out, n = b"", 0
    while len(out) < length:
        out += hashlib.sha256(b"wsight%d" % n).digest()
        n += 1
    return out[:length]


class Session:
    def __init__(self, base, path, **options):
        self.url, self.path, self.options = base + path, path, options
        self.tally = Tally()

    async def __aenter__(self):
        self.ws = await websockets.connect(self.url, max_size=2**22, **self.options)
        self.opened = open_websockets(self.ws)
        return self

    async def __aexit__(self, *problem):
        await self.ws.close()
        write_websockets(self.ws, "client", self.tally, self.path, **self.opened)

    async def receive(self):
        self.tally.message(await asyncio.wait_for(self.ws.recv(), 15))

    async def echo(self, *messages):
        for message in messages:
            await self.ws.send(message)
            await self.receive()


async def sessions(base, kind):
    async with Session(base, f"/{kind}-scripts") as s:
        await s.echo(*SCRIPTS)
        await s.echo("\n".join(SCRIPTS), "", b"")
    async with Session(base, f"/{kind}-fragments", subprotocols=["soap", "mqtt"]) as s:
        await s.ws.send(["frag", "mented ", "", "text ", "日本語"])
        await s.receive()
        await s.ws.send([noise(100), b"", noise(300)])
        await s.receive()
        await (await s.ws.ping(b"ping data"))
        await s.ws.close(4321, "a private code")
    async with Session(base, f"/{kind}-close?close=1008", subprotocols=["wamp.2.json"]) as s:
        await s.echo("[1,\"realm1\",{}]")
        await s.ws.wait_closed()
    async with Session(base, f"/{kind}-unmatched", subprotocols=["stomp"]) as s:
        await s.echo("none of the subprotocols was chosen")


def context(key, certificate, version):
    tls = ssl.create_default_context(cafile=certificate)
    tls.load_cert_chain(certificate, key)
    tls.minimum_version = tls.maximum_version = version
    tls.check_hostname, tls.post_handshake_auth = False, True
    return tls


async def over_tls(host, port, key, certificate, prefix="websockets"):
    for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
        name = f"/{prefix}-{version.name.replace('TLSv1_', 'tls1')}"
        options = {"ssl": context(key, certificate, version), "server_hostname": "python.example"}
        async with Session(f"wss://{host}:{port}", f"{name}?echo=1&pmd=all", subprotocols=["soap"], **options) as s:
            await s.echo(*SCRIPTS[:5], "x" * 18000, noise(300))
            await (await s.ws.ping(b"under cover"))
    if prefix == "websockets":
        async with Session(f"wss://{host}:{port}", "/websockets-client-certificate?auth", **options) as s:
            await s.echo("Who am I?", "And after that?", noise(300))


async def main():
    host, port = sys.argv[1], int(sys.argv[2])
    if "tls" in sys.argv:
        await over_tls(host, port, *sys.argv[4:])
        return
    if "scripts" in sys.argv:
        async with Session(f"ws://{host}:{port}", "/scripts", subprotocols=["wamp.2.json"]) as s:
            await s.echo(*SCRIPTS)
        return
    await sessions(f"ws://{host}:{port}", "deflate")
    await sessions(f"ws://{host}:{port + 1}", "plain")
    async with Session(f"ws://{host}:{port}", "/deflate-big?big=100000") as s:
        await s.echo("x" * 200000)
        await s.receive()
        await s.echo(noise(20000))
        await s.receive()


asyncio.run(main())
