"""A server on Debian's python3-aiohttp, which compresses when asked: aio-server.py HOST PORT [KEY CERT]."""
import ssl
import sys

from aiohttp import WSMsgType, web

from pylog import Tally, endpoint, write


async def echo(request):
    ws, tally = web.WebSocketResponse(protocols=("chat",), compress=True), Tally()
    await ws.prepare(request)
    await ws.send_str("welcome to aiohttp")
    async for message in ws:
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            tally.message(message.data)
            await (ws.send_str if message.type == WSMsgType.TEXT else ws.send_bytes)(message.data)
    transport = request.get_extra_info
    record = tally.result(None)
    del record["close"]  # the package keeps the reason to itself
    write({"role": "server", "path": request.path_qs, "client": endpoint(transport("peername")),
           "server": endpoint(transport("sockname")), "subprotocol": ws.ws_protocol, "received": record})
    return ws


app = web.Application()
app.router.add_get("/{path}", echo)
tls = None
if len(sys.argv) > 3:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(sys.argv[4], sys.argv[3])
web.run_app(app, host=sys.argv[1], port=int(sys.argv[2]), ssl_context=tls, print=None)
