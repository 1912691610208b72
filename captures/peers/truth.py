"""Joins what the endpoints logged (one JSON line per connection and side) into one truth file.

A session is one client connection. What the server received is the truth of client_to_server and the
other way round; a side that did not log is null. Through a proxy the two ends see different ports: both
are kept, as `client` (the client's own view) and `at_server` (the server's view)."""
import json
import os
import re
import subprocess
import sys

VERSION = {
    "node": ["node", "--version"],
    "nginx": ["nginx", "-v"],
    "chromium": ["chromium", "--version"],
    "websocketd": ["websocketd", "--version"],
    "tcpdump": ["tcpdump", "--version"],
    "openssl": ["openssl", "version"],
    "python3": [sys.executable, "--version"],
}


def version(program):
    """`NAME` is asked for its version; `NAME=VERSION` is taken as it is."""
    if "=" in program:
        return program.split("=", 1)
    run = subprocess.run(VERSION[program], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d[\w.]*", run.stdout + run.stderr)
    return program, found.group() if found else "unknown"


def key(record):
    return record["path"]


def join(records):
    """Sessions in the order in which they were first logged; a path names one session."""
    sessions = {}
    for record in records:
        session = sessions.setdefault(
            key(record),
            {
                "path": record["path"],
                "client": None,
                "server": None,
                "client_to_server": None,
                "server_to_client": None,
                "subprotocol": None,
                "extensions": None,
            },
        )
        side = record["role"]
        if "client" not in record:
            pass  # a web page does not know its port
        elif side == "server" and session["client"] not in (None, record["client"]):
            session["at_server"] = record["client"]
        elif side == "client" and session["client"] not in (None, record["client"]):
            session["at_server"] = session["client"]
            session.update(client=record["client"], server=record["server"])
        else:
            session.update(client=record["client"], server=record["server"])
        if "received" in record:
            into = "server_to_client" if side == "client" else "client_to_server"
            session[into] = record["received"]
        for name, value in record.items():
            if name in ("role", "path", "client", "server", "received"):
                continue
            if name == "tls" and side == "server" and name in session:
                continue  # behind a proxy it is another connection's
            if value is not None or name not in session:
                session[name] = value
    return list(sessions.values())


def main():
    log, programs = sys.argv[1], sys.argv[2:]
    with open(log, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    sessions = join(records)
    sessions.sort(key=lambda s: s["path"])
    print('{\n "recorded_with": ' + json.dumps(dict(version(p) for p in programs)) + ",")
    if "WSIGHT_DROPPED" in os.environ:
        with open(os.environ["WSIGHT_DROPPED"], encoding="utf-8") as dropped:
            print(' "dropped": ' + dropped.read().strip() + ",")
    print(' "sessions": [')
    print(",\n".join("  " + json.dumps(s, ensure_ascii=True) for s in sessions))
    print(" ]\n}")


if __name__ == "__main__":
    main()
