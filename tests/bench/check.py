#!/usr/bin/env python3
"""check.py REPORT.json CAPTURE.truth: does the report count what the generator wrote?

Sums the sessions of a wsight.report/1 document and compares them with the truth. Prints
'counts exact', or each difference, and then exits with 1. Sessions are added up and dropped while
the document is being parsed, so half a million of them need no memory.
"""

import collections
import json
import sys

SIDES = ("client_to_server", "server_to_client")
SUMS = ("frames", "masked", "unmasked", "fragmented", "compressed", "payload_bytes", "message_bytes")


class Counts:
    def __init__(self):
        self.outcomes = collections.Counter()
        self.side = {name: collections.Counter() for name in SIDES}
        self.missing = set()

    def add_side(self, name, flow):
        sums = self.side[name]
        for field in SUMS:
            if field in flow:
                sums[field] += flow[field] or 0
            else:
                self.missing.add(f"{name}.{field}")
        for group in ("opcodes", "messages"):
            for key, value in (flow.get(group) or {}).items():
                if isinstance(value, int):
                    sums[f"{group}.{key}"] += value
        if flow.get("close"):
            code = flow["close"].get("code")
            sums[f"close_codes.{'none' if code is None else code}"] += 1

    def take(self, thing):
        """Called by the parser for each object, the innermost first."""
        if "outcome" not in thing or "client_to_server" not in thing:
            return thing
        self.outcomes[thing["outcome"]] += 1
        for name in SIDES:
            if thing.get(name):
                self.add_side(name, thing[name])
        return None


def flatten(flow):
    flat = {field: flow[field] for field in SUMS}
    for group in ("opcodes", "messages", "close_codes"):
        for key, value in flow[group].items():
            flat[f"{group}.{key}"] = value
    return flat


def compare(report, counts, truth):
    def differ(name, got, expected):
        if got != expected:
            yield f"{name}: {got} in the report, {expected} in truth"

    packets = (report.get("capture") or {}).get("packets")
    yield from differ("capture.packets", packets, truth["packets"])
    yield from differ("sessions", counts.outcomes["open"], truth["sessions"])
    refused = counts.outcomes["refused"]
    if not refused and isinstance(report.get("refused"), list):
        refused = len(report["refused"])
    yield from differ("refused", refused, truth["refused"])
    for outcome in counts.outcomes.keys() - {"open", "refused"}:
        yield f"{counts.outcomes[outcome]} sessions are '{outcome}', none is in truth"
    for name in SIDES:
        expected = flatten(truth[name])
        got = {key: value for key, value in counts.side[name].items() if value}
        for key in sorted(expected.keys() | got.keys()):
            if f"{name}.{key}" in counts.missing:
                yield f"{name}.{key}: not in the report"
            else:
                yield from differ(f"{name}.{key}", got.get(key, 0), expected.get(key, 0))


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: check.py REPORT.json CAPTURE.truth")
    counts = Counts()
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file, object_hook=counts.take)
    with open(sys.argv[2], encoding="utf-8") as file:
        truth = json.load(file)
    differences = list(compare(report, counts, truth))
    if differences:
        print(f"counts differ ({len(differences)}):")
        print("\n".join(f"  {line}" for line in differences))
        sys.exit(1)
    print("counts exact")


if __name__ == "__main__":
    main()
