"""Clients on Debian's python3-aiohttp: aio-client.py URL, or with the server's certificate over TLS 1.2 and 1.3:
aio-client.py URL CERT [PREFIX]. Keys are logged as $SSLKEYLOGFILE says."""
import asyncio
import ssl
import sys

import aiohttp

from pylog import Tally, endpoint, secured, write

TEXTS = ["Hello", "Grüße", "", '{"list": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}' * 40]


async def session(http, base, path, greeted=True, **options):
    tally = Tally()
    async with http.ws_connect(base + path, **options) as ws:
        tls = secured(ws._conn.transport)
        if greeted:
            tally.message((await ws.receive()).data)
        for text in TEXTS:
            await ws.send_str(text)
            tally.message((await ws.receive()).data)
        await ws.send_bytes(bytes(range(256)) * 8)
        tally.message((await ws.receive()).data)
        await ws.ping(b"aiohttp pings")
        near, far = ws.get_extra_info("sockname"), ws.get_extra_info("peername")
        await ws.close(code=4000, message=b"that is all")
    record = tally.result(None)
    del record["close"]
    write({"role": "client", "path": path, "client": endpoint(near), "server": endpoint(far),
           "extensions": ws._response.headers.get("Sec-WebSocket-Extensions"),
           "subprotocol": ws.protocol, **tls, "received": record})


async def over_tls(http, base, certificate, prefix="aiohttp"):
    for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
        tls = ssl.create_default_context(cafile=certificate)
        tls.minimum_version = tls.maximum_version = version
        tls.check_hostname = False
        path = f"/{prefix}-{version.name.replace('TLSv1_', 'tls1')}?echo=1&pmd=all"
        await session(http, base, path, greeted=prefix == "aiohttp", compress=15, protocols=("chat",), ssl=tls)


async def main():
    base = sys.argv[1]
    async with aiohttp.ClientSession() as http:
        if len(sys.argv) > 2:
            await over_tls(http, base, *sys.argv[2:])
            return
        await session(http, base, "/aiohttp-plain")
        await session(http, base, "/aiohttp-deflate", compress=15, protocols=("chat",))
        await session(http, base, "/aiohttp-bits", compress=10)


asyncio.run(main())
