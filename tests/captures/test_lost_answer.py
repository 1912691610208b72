#!/usr/bin/env python3
"""A handshake of which only the request was captured costs no message: without the packets that hold a 101,
or without any packet of the servers, the sessions carry what they carried."""
import json
import os
import struct
import subprocess
import sys

WSIGHT = os.environ.get("WSIGHT", "./wsight")
TMP = os.environ["TEST_TMP"]
CAPTURE = "captures/python-websockets.pcap"
SERVER_PORTS = (8765, 8766)
BOTH = ("client_to_server", "server_to_client")


def packets():
    with open(CAPTURE, "rb") as file:
        yield file.read(24)
        while head := file.read(16):
            yield head + file.read(struct.unpack("<I", head[8:12])[0])


def is_answer(packet):
    return b"HTTP/1.1 101 " in packet


def is_from_server(packet):
    return struct.unpack(">H", packet[16 + 14 + 20:][:2])[0] in SERVER_PORTS


def without_packets(close):
    return close and {key: value for key, value in close.items() if key != "packet"}


def sessions(capture):
    command = [WSIGHT, "report", "--format=json", "--digest", capture]
    report = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    for session in report["sessions"]:
        for way in BOTH:
            session[way]["close"] = without_packets(session[way]["close"])
    return {session["handshake"]["target"]: session for session in report["sessions"]}


def cut(name, drop):
    path = f"{TMP}/{name}.pcap"
    head, *rest = packets()
    with open(path, "wb") as file:
        file.write(head + b"".join(packet for packet in rest if not drop(packet)))
    return sessions(path)


def differences(name, whole, found, ways):
    for path, session in whole.items():
        if found[path]["outcome"] != "midstream":
            yield f"{name} {path}: {found[path]['outcome']}"
        for way in ways:
            for what in ("messages", "messages_sha256", "close"):
                if (got := found[path][way].get(what)) != (expected := session[way].get(what)):
                    yield f"{name} {path} {way} {what}: {got}, not {expected}"


def main():
    whole = sessions(CAPTURE)
    failures = [*differences("without-101", whole, cut("without-101", is_answer), BOTH),
                *differences("client-only", whole, cut("client-only", is_from_server), BOTH[:1])]
    print("\n".join(failures))
    print(f"{2 - bool(failures)} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
