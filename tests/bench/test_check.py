#!/usr/bin/env python3
"""check.py calls a report exact that counts what truth counts, and names each field that differs."""

import copy
import json
import os
import subprocess
import sys
import tempfile

CHECK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "check.py")
SIDES = ("client_to_server", "server_to_client")


def flow(masked, code):
    return {
        "frames": 4,
        "opcodes": {"text": 2, "binary": 1, "continuation": 0, "ping": 0, "pong": 0, "close": 1},
        "masked": 4 if masked else 0,
        "unmasked": 0 if masked else 4,
        "messages": {"text": 2, "binary": 1},
        "fragmented": 0,
        "compressed": 1,
        "payload_bytes": 100,
        "message_bytes": 150,
        "close": {"code": code},
    }


def report():
    return {
        "capture": {"packets": 40},
        "sessions": [
            {"outcome": "open", SIDES[0]: flow(True, 1000), SIDES[1]: flow(False, None)},
            {"outcome": "open", SIDES[0]: flow(True, 1000), SIDES[1]: flow(False, 1001)},
            {"outcome": "refused", SIDES[0]: None, SIDES[1]: None},
        ],
    }


def truth():
    result = {"packets": 40, "sessions": 2, "refused": 1}
    codes = ({"1000": 2}, {"none": 1, "1001": 1})
    for side, masked, close_codes in zip(SIDES, (True, False), codes):
        sums = flow(masked, 0)
        del sums["close"]
        for field, value in sums.items():
            doubled = {key: 2 * n for key, n in value.items()} if isinstance(value, dict) else 2 * value
            sums[field] = doubled
        result[side] = {**sums, "close_codes": close_codes}
    return result


def check(directory, document):
    paths = [os.path.join(directory, name) for name in ("report.json", "truth.json")]
    for path, content in zip(paths, (document, truth())):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file)
    done = subprocess.run([sys.executable, CHECK, *paths], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def spoil(change):
    document = copy.deepcopy(report())
    change(document)
    return document


def drop_session(document):
    del document["sessions"][1]


CASES = [
    ("a frame too many", lambda d: d["sessions"][0][SIDES[0]].update(frames=5), "client_to_server.frames: 9"),
    ("a ping that was not sent", lambda d: d["sessions"][0][SIDES[1]]["opcodes"].update(ping=1), "opcodes.ping: 1"),
    ("a wrong close code", lambda d: d["sessions"][1][SIDES[1]]["close"].update(code=1002), "close_codes.1001: 0"),
    ("a session lost", drop_session, "sessions: 1 in the report, 2 in truth"),
    ("a session picked up", lambda d: d["sessions"][0].update(outcome="midstream"), "'midstream'"),
    ("a field left out", lambda d: d["sessions"][0][SIDES[0]].pop("masked"), "masked: not in the report"),
    ("a packet lost", lambda d: d["capture"].update(packets=39), "capture.packets: 39"),
]


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        status, text = check(directory, report())
        if status != 0 or text != "counts exact\n":
            failed += 1
            print("an exact report:", status, text)
        for name, change, expected in CASES:
            status, text = check(directory, spoil(change))
            if status != 1 or expected not in text:
                failed += 1
                print(f"{name}:", status, text)
    print(f"{len(CASES) + 1 - failed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
