#!/usr/bin/python3
"""Compares captures with their truth files by way of tshark: crosscheck.py [NAME...]

Counts data messages (first frames), Pings, Pongs and Close codes per direction of every session that has
a truth, and prints where tshark and the programs' own logs differ. Some of tshark's faults are known and
listed in README.md; the programs' logs are what counts."""
import collections
import glob
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FIELDS = ["tcp.srcport", "tcp.dstport", "websocket.opcode", "websocket.payload.close.status_code"]
NAMES = {1: "text", 2: "binary", 8: "close", 9: "pings", 10: "pongs"}


def tshark(capture, ports, keys=None):
    """Lines of FIELDS; with a key log the ports are those of TLS."""
    command = ["tshark", "-r", capture, "-Y", "websocket", "-T", "fields", "-E", "separator=;"]
    command += ["-o", "tcp.reassemble_out_of_order:TRUE"]
    for port in ports:
        command += ["-d", f"tcp.port=={port},{'tls' if keys else 'http'}"]
    command += ["-o", f"tls.keylog_file:{keys}"] if keys else []
    for field in FIELDS:
        command += ["-e", field]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def count(lines):
    seen = collections.defaultdict(collections.Counter)
    codes = collections.defaultdict(list)
    for line in lines:
        src, dst, opcodes, status = line.split(";")
        for port_pair in zip(src.split(","), dst.split(",")):
            way = (int(port_pair[0]), int(port_pair[1]))
        for opcode in filter(None, opcodes.split(",")):
            seen[way][NAMES.get(int(opcode), f"opcode {opcode}")] += 1
        codes[way] += [int(c) for c in filter(None, status.split(","))]
    return seen, codes


def compare(session, seen, codes):
    client, server = session["client"]["port"], session["server"]["port"]
    ways = {"client_to_server": (client, server), "server_to_client": (server, client)}
    for name, way in ways.items():
        truth = session[name]
        if not truth:
            continue
        for what in ("text", "binary", "pings", "pongs"):
            if what in truth and truth[what] != seen[way][what]:
                yield f"{name} {what}: log {truth[what]}, tshark {seen[way][what]}"
        close = truth.get("close")
        want = [close["code"]] if close and close["code"] else []
        if "close" in truth and want != codes[way][:1]:
            yield f"{name} close: log {want}, tshark {codes[way][:1]}"


def check(name):
    captures = [f for f in (f"{HERE}/{name}.pcapng", f"{HERE}/{name}.pcap") if os.path.exists(f)]
    if not captures:
        return 0
    with open(f"{HERE}/{name}.truth.json", encoding="utf-8") as file:
        sessions = json.load(file)["sessions"]
    sessions = [s for s in sessions if s.get("client") and s.get("server")]
    keys = f"{HERE}/{name}.keys"
    ports = sorted({s["server"]["port"] for s in sessions})
    seen, codes = count(tshark(captures[0], ports, keys if os.path.exists(keys) else None))
    differing = 0
    for session in sessions:
        for difference in compare(session, seen, codes):
            print(f"{name} {session['path']}: {difference}")
            differing += 1
    print(f"{name}: {len(sessions)} sessions, {differing} differences")
    return differing


def main():
    names = sys.argv[1:]
    if not names:
        names = sorted(os.path.basename(f)[: -len(".truth.json")] for f in glob.glob(f"{HERE}/*.truth.json"))
    sys.exit(1 if sum(check(name) for name in names) else 0)


if __name__ == "__main__":
    main()
