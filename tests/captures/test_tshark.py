#!/usr/bin/env python3
"""What tshark counts inside TLS is what wsight counts: messages, Pings, Pongs and Close codes of each direction.
Where tshark is known to be wrong (captures/README.md) its count is not asked for; the programs' own logs,
which test_truth.py holds reports against, are what counts."""
import json
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "captures")
import crosscheck  # noqa: E402  pylint: disable=wrong-import-position

WSIGHT = os.environ.get("WSIGHT", "./wsight")
CAPTURES = ["wss", "tls-ciphers", "tls-handshakes", "tls-python", "tls-nginx", "tls-long", "chromium-tls", "firefox-tls"]
# What the client sends after it was asked for its certificate.
FAULTS = {("/websockets-client-certificate?auth", "client_to_server")}
WAYS = ("client_to_server", "server_to_client")


def sessions_of(name):
    command = [WSIGHT, "report", "--format=json", "-k", f"captures/{name}.keys", f"captures/{name}.pcap"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return [s for s in told["sessions"] if "http/1.1" in s["layers"]]  # tshark 4.0 does not look into HTTP/2


def counts(side):
    found = {"text": side["messages"]["text"], "binary": side["messages"]["binary"],
             "pings": side["opcodes"]["ping"], "pongs": side["opcodes"]["pong"]}
    return {what: n for what, n in found.items() if n}, side["close"] and side["close"]["code"]


def check(name):
    sessions = sessions_of(name)
    ports = sorted({s["server"]["port"] for s in sessions if "tls" in s["layers"]})
    seen, codes = crosscheck.count(crosscheck.tshark(f"captures/{name}.pcap", ports, f"captures/{name}.keys"))
    for session in sessions:
        path, ends = session["handshake"]["target"], (session["client"]["port"], session["server"]["port"])
        for way, key in zip(WAYS, (ends, ends[::-1])):
            theirs = {what: n for what, n in seen[key].items() if what in ("text", "binary", "pings", "pongs")}
            both = (theirs, codes[key][0] if codes[key] else None), counts(session[way])
            if both[0] != both[1] and (path, way) not in FAULTS:
                yield f"{name} {path} {way}: tshark {both[0]}, wsight {both[1]}"
    if len(sessions) < 5:
        yield f"{name}: {len(sessions)} sessions"


def main():
    if not shutil.which("tshark"):
        print("tshark is not installed")
        sys.exit(77)
    failed = 0
    for name in CAPTURES:
        differences = list(check(name))
        failed += bool(differences)
        print("\n".join(differences)) if differences else None
    print(f"{len(CAPTURES) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
