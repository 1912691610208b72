"""What a Python endpoint received, in the same lines as wslog.js, to $WSIGHT_LOG."""
import hashlib
import json
import os


class Tally:
    def __init__(self):
        self.counts = {"text": 0, "binary": 0, "bytes": 0}
        self.hash = hashlib.sha256()

    def message(self, data):
        kind = "text" if isinstance(data, str) else "binary"
        data = data.encode() if isinstance(data, str) else data
        self.counts[kind] += 1
        self.counts["bytes"] += len(data)
        self.hash.update(data)

    def result(self, close):
        return {**self.counts, "sha256": self.hash.hexdigest(), "close": close}


def write(record):
    with open(os.environ["WSIGHT_LOG"], "a", encoding="utf-8") as log:
        log.write(json.dumps(record) + "\n")


def endpoint(address):
    return {"ip": address[0].replace("::ffff:", ""), "port": address[1]}


def write_websockets(ws, role, tally, path):
    """For a connection of the `websockets` package that has closed."""
    near, far = endpoint(ws.local_address), endpoint(ws.remote_address)
    close = ws.close_rcvd
    if close:
        close = {"code": close.code, "reason": close.reason}
        close["code"] = None if close["code"] == 1005 else close["code"]
    write({
        "role": role,
        "path": path,
        "client": near if role == "client" else far,
        "server": far if role == "client" else near,
        "subprotocol": ws.subprotocol,
        "extensions": ws.response_headers.get("Sec-WebSocket-Extensions"),
        "received": tally.result(close),
    })
