"""What a Python endpoint received, in the same lines as wslog.js, to $WSIGHT_LOG."""
import hashlib
import json
import os
import subprocess


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


def tls_record(version, cipher):
    """OpenSSL's names of a version and a cipher suite, in the words of IANA's registry."""
    listed = subprocess.run(["openssl", "ciphers", "-stdname", "ALL:@SECLEVEL=0"], capture_output=True, text=True, check=True)
    names = {line.split()[2]: line.split()[0] for line in listed.stdout.splitlines()}
    return {"tls": {"version": version.replace("TLSv", "TLS "), "cipher": names[cipher]}}


def secured(transport):
    """What was negotiated on a transport of asyncio that is still open; {} without TLS."""
    tls = transport.get_extra_info("ssl_object")
    return tls_record(tls.version(), tls.cipher()[0]) if tls else {}


def open_websockets(ws):
    """What a connection of the `websockets` package can tell only while it is open."""
    return {"near": endpoint(ws.local_address), "far": endpoint(ws.remote_address), **secured(ws.transport)}


def write_websockets(ws, role, tally, path, near, far, **tls):
    """For a connection of the `websockets` package that has closed, with what open_websockets() told before."""
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
        **tls,
        "received": tally.result(close),
    })
