#!/usr/bin/env python3
"""Senders that agreed to a small window for permessage-deflate and use a larger one, by Python's zlib: a finding,
in their direction alone, and every message is there all the same."""
import hashlib
import json
import os
import random
import zlib

from checks import TMP, check, finish, run
from tcp_talk import Talk, write_packets
from rawcase import BINARY  # tcp_talk says where it is

OFFER = "permessage-deflate; client_max_window_bits; server_max_window_bits={}"
ANSWER = "permessage-deflate; client_max_window_bits={}; server_max_window_bits={}"
NAME = "Sec-WebSocket-Extensions: "
FINDING = "ws.deflate.window"
SIDES = ("client_to_server", "server_to_client")
# What was agreed by the client and by the server, what they use, and who breaks it.
CASES = [((9, 9), (9, 9), []), ((9, 9), (15, 9), [0]), ((9, 9), (9, 15), [1]), ((10, 9), (15, 15), [0, 1]),
         ((15, 15), (15, 15), []), ((8, 12), (10, 12), [0]), ((14, 12), (9, 9), [])]


def session(number, agreed, used):
    talk, digests = Talk(number), [hashlib.sha256(), hashlib.sha256()]
    talk.open()
    talk.head(0, "GET /window HTTP/1.1", "Host: h", f"Sec-WebSocket-Key: {talk.key}", "Sec-WebSocket-Version: 13",
              NAME + OFFER.format(agreed[1])).answer(NAME + ANSWER.format(*agreed))
    text = random.Random(number).randbytes(1500) + random.Random(1).randbytes(400)
    windows = [zlib.compressobj(9, zlib.DEFLATED, -bits) for bits in used]
    for i in range(6):
        message = text + text[-400:] + b"%d" % i  # what is near again, and what is far
        for side, window in enumerate(windows):
            packed = window.compress(message) + window.flush(zlib.Z_SYNC_FLUSH)
            (talk.server if side else talk.client)(BINARY, packed[:-4], rsv=4)
            digests[side].update(message)
    return talk.close().packets, [digest.hexdigest() for digest in digests]


def main():
    path = os.path.join(TMP, "window.pcap")
    made = [session(100 + i, agreed, used) for i, (agreed, used, _) in enumerate(CASES)]
    write_packets(path, [packet for packets, _ in made for packet in packets])
    for options in (["--digest"], []):  # inflated as they come, and several at once
        told = json.loads(run("report", "--format=json", *options, path))
        for s, (_, digests), (agreed, used, broken) in zip(told["sessions"], made, CASES):
            who = f"agreed {agreed}, used {used}"
            found = sorted(SIDES.index(f["direction"]) for f in s["findings"] if f["id"] == FINDING)
            check(f"{who}: {found} broke it", found == broken)
            check(f"{who}: once", all(f["count"] == 1 for f in s["findings"] if f["id"] == FINDING))
            check(f"{who}: all was inflated", all(
                s[side]["messages"]["binary"] == 6 and s[side]["not_inflated"] == 0 for side in SIDES))
            if options:
                check(f"{who}: and is what was sent", [s[side]["messages_sha256"] for side in SIDES] == digests)
        check(f"there are {len(CASES)} sessions", len(told["sessions"]) == len(CASES))
    finish()


main()
