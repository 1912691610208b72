"""A server on Debian's python3-websockets: echoes; the path may ask for a close or for no compression.

py-server.py HOST PORT. On PORT with the package's default permessage-deflate, on PORT+1 without."""
import asyncio
import signal
import sys
from urllib.parse import parse_qs, urlsplit

import websockets

from pylog import Tally, write_websockets

PROTOCOLS = ["wamp.2.json", "mqtt", "soap"]


async def handle(ws, path):
    query, tally = parse_qs(urlsplit(path).query), Tally()
    try:
        async for message in ws:
            tally.message(message)
            await ws.send(message)
            if "close" in query:
                await ws.close(int(query["close"][0]), "as asked")
            if "big" in query:
                await ws.send("Groß " * (int(query["big"][0]) // 6))
    except websockets.ConnectionClosedError:
        pass
    await ws.wait_closed()
    write_websockets(ws, "server", tally, path)


async def main():
    host, port = sys.argv[1], int(sys.argv[2])
    stop = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set_result, None)
    async with websockets.serve(handle, host, port, subprotocols=PROTOCOLS, max_size=2**22):
        async with websockets.serve(handle, host, port + 1, subprotocols=PROTOCOLS, compression=None):
            await stop


asyncio.run(main())
