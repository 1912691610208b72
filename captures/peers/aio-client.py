"""Clients on Debian's python3-aiohttp: aio-client.py URL."""
import asyncio
import sys

import aiohttp

from pylog import Tally, endpoint, write

TEXTS = ["Hello", "Grüße", "", '{"list": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}' * 40]


async def session(http, base, path, **options):
    tally = Tally()
    async with http.ws_connect(base + path, **options) as ws:
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
           "extensions": ws._response.headers.get("Sec-WebSocket-Extensions"), "received": record})


async def main():
    base = sys.argv[1]
    async with aiohttp.ClientSession() as http:
        await session(http, base, "/aiohttp-plain")
        await session(http, base, "/aiohttp-deflate", compress=15, protocols=("chat",))
        await session(http, base, "/aiohttp-bits", compress=10)


asyncio.run(main())
