"""A server on Debian's python3-websockets: echoes; the path may ask for a close or for no compression.

py-server.py HOST PORT [KEY CERT]. On PORT with the package's default permessage-deflate, on PORT+1 without;
over TLS with a key. "?auth" asks the client for its certificate after the first message (TLS 1.3)."""
import asyncio
import signal
import ssl
import sys
from urllib.parse import parse_qs, urlsplit

import websockets

from pylog import Tally, open_websockets, write_websockets

PROTOCOLS = ["wamp.2.json", "mqtt", "soap"]


async def handle(ws, path):
    query, tally = parse_qs(urlsplit(path).query, keep_blank_values=True), Tally()
    opened = open_websockets(ws)
    try:
        async for message in ws:
            tally.message(message)
            if "auth" in query and tally.counts["text"] == 1:
                ws.transport.get_extra_info("ssl_object").verify_client_post_handshake()
            await ws.send(message)
            if "close" in query:
                await ws.close(int(query["close"][0]), "as asked")
            if "big" in query:
                await ws.send("Groß " * (int(query["big"][0]) // 6))
    except websockets.ConnectionClosedError:
        pass
    await ws.wait_closed()
    write_websockets(ws, "server", tally, path, **opened)


def context(key, certificate):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate)
    tls.load_cert_chain(certificate, key)
    tls.verify_mode, tls.post_handshake_auth = ssl.CERT_OPTIONAL, True
    return tls


async def main():
    host, port = sys.argv[1], int(sys.argv[2])
    options = {"subprotocols": PROTOCOLS, "ssl": context(*sys.argv[3:5]) if len(sys.argv) > 3 else None}
    stop = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set_result, None)
    async with websockets.serve(handle, host, port, max_size=2**22, **options):
        async with websockets.serve(handle, host, port + 1, compression=None, **options):
            await stop


asyncio.run(main())
