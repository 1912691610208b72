#!/usr/bin/env python3
"""Display filters select what tshark selects by the same expression, where both know the names.

An expression selects packets in tshark and messages here: the packets of the messages' last bytes are
compared. Captures and expressions are those of which both take apart every message alike."""
import csv
import io
import os
import shutil
import subprocess
import sys

WSIGHT = os.environ.get("WSIGHT", "./wsight")
# tshark takes a third of a second for each: one expression is tried on one capture.
EXPRESSIONS = {
    "ws-plain.pcapng": [
        "websocket.opcode == 1",
        "websocket.opcode in {9, 10}",
        "websocket.opcode in {8..10}",
        "websocket.opcode > 2",
        "websocket.opcode != 1",
        "websocket.mask == 0",
        "websocket.fin == 1",
        'websocket.payload.text contains "12"',
        r'websocket.payload.text matches "[0-9]{2}"',
        "websocket.payload.close.status_code == 1000",
        "websocket.payload.close.status_code in {1000..1015}",
        "websocket.payload.close.status_code != 1000",
        "websocket.payload.close.reason",
        "websocket.opcode and tcp.srcport == 8080",
        "websocket.opcode and !(tcp.port == 8080)",
        "websocket.opcode and ip.src == 10.77.0.2",
        "websocket.opcode and ip.addr == 10.77.0.0/16",
        "websocket.opcode and frame.number in {5..40}",
        "websocket.opcode and frame.time_relative > 0.5",
        "websocket.opcode and tcp.stream in {1, 3}",
        "websocket.opcode == 1 and websocket.mask == 0 or websocket.opcode == 8",
        "websocket.opcode == 1 && (websocket.mask == 1 || frame.number < 30)",
        "not websocket.mask == 1 and websocket.opcode",
    ],
    "aiohttp.pcapng": [
        "websocket.opcode == 8",
        "websocket.mask == 1",
        "websocket.masking_key",
        "websocket.opcode and tcp.dstport == 8080",
        "websocket.opcode and frame.number > 20",
        "websocket.opcode and ipv6.src",
        "websocket.opcode and tcp.stream == 0",
        "websocket.opcode and frame.time_relative <= 0.1",
    ],
    "ipv6.pcap": [
        "websocket.opcode and ipv6.src",
        "websocket.opcode and ipv6.addr == fd00:77::/32",
        "websocket.opcode and ip.addr == 10.0.0.0/8",
    ],
}


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{arguments}: {done.stderr}")
    return done.stdout


def by_tshark(path, expression):
    return {int(line) for line in run("tshark", "-r", path, "-Y", f"({expression}) and websocket",
                                      "-T", "fields", "-e", "frame.number").split()}


def by_wsight(path, expression):
    text = run(WSIGHT, "export", "csv", "--table=messages", "--bodies=none", "-Y", expression, path)
    return {int(row["last_packet"]) for row in csv.DictReader(io.StringIO(text))}


def main():
    if shutil.which("tshark") is None:
        print("tshark is not installed (package tshark)")
        sys.exit(77)
    failed = found = 0
    for capture, expressions in EXPRESSIONS.items():
        path = f"captures/{capture}"
        for expression in expressions:
            theirs, ours = by_tshark(path, expression), by_wsight(path, expression)
            found += len(theirs)
            if theirs != ours:
                failed += 1
                print(f"{capture}: {expression}\n  tshark alone: {sorted(theirs - ours)[:20]}\n"
                      f"  wsight alone: {sorted(ours - theirs)[:20]}")
    print(f"{sum(map(len, EXPRESSIONS.values())) - failed} passed, {failed} failed")
    sys.exit(1 if failed or found < 500 else 0)


if __name__ == "__main__":
    main()
