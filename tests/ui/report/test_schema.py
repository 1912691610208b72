#!/usr/bin/env python3
"""Every capture's JSON report fits report.schema.json, holds what the program's other outputs and the
capture's truth say, and the validator does refuse what does not fit."""

import copy
import glob
import json
import os
import subprocess

from checks import WSIGHT, run_all
from json_schema import Validator

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", "..", ".."))

FORMATS = (["report"], ["report", "--format", "json"], ["follow"], ["follow", "--format", "jsonl"])
# Captures that hold something of everything, for what would take long over all.
FEW = ("tour.pcapng", "violations.pcapng", "versions.pcapng", "security.pcapng", "refused.pcapng", "wss.pcap")


def run(*arguments):
    return subprocess.run([WSIGHT, *arguments], capture_output=True, check=False)


def report(capture, *arguments):
    got = run("report", "--format", "json", *arguments, capture)
    return json.loads(got.stdout.decode("utf-8", "strict"))


def captures():
    return sorted(glob.glob(os.path.join(ROOT, "captures", "*.pcap*")))


def few_captures():
    return [os.path.join(ROOT, "captures", name) for name in FEW]


def each_report_fits_the_schema(validator):
    for capture in captures():
        document = report(capture, "--digest")
        errors = validator.errors(document)
        assert not errors, f"{os.path.basename(capture)}: {errors[:5]}"
        ids = [session["id"] for session in document["sessions"]]
        assert ids == sorted(ids), f"{capture}: sessions are out of order"


def totals_are_the_sums_of_the_sessions(_):
    for capture in few_captures():
        document = report(capture)
        totals, sessions = document["totals"], document["sessions"]
        assert totals["sessions"] == len(sessions)
        for side in ("client_to_server", "server_to_client"):
            for name in ("frames", "masked", "payload_bytes", "message_bytes", "fragmented", "compressed"):
                added = sum(session[side][name] for session in sessions)
                assert totals[side][name] == added, f"{capture}: {side}.{name}"


def mutations(document):
    """Documents that do not fit, each by one change."""
    session = document["sessions"][0]
    del session["outcome"]
    yield "a member is missing"
    session["outcome"] = "opened"
    yield "a word is wrong"
    session["outcome"] = "open"
    session["extra"] = 1
    yield "a member is not in the schema"
    del session["extra"]
    session["started"] = session["started"].replace("T", " ")
    yield "a time has another form"
    session["started"] = document["capture"]["first"]
    session["client_to_server"]["frames"] = -1
    yield "a count is negative"
    session["client_to_server"]["frames"] = True
    yield "a count is no number"
    session["client_to_server"]["frames"] = 1
    session["handshake"]["host"] = 5
    yield "a text is no string"


def the_validator_refuses_what_does_not_fit(validator):
    document = report(os.path.join(ROOT, "captures", "tour.pcapng"))
    assert not validator.errors(copy.deepcopy(document))
    for why in mutations(document):
        assert validator.errors(document), why


def each_line_of_follow_is_an_object_of_its_type(_):
    members = {}
    for capture in few_captures():
        got = run("follow", "--format", "jsonl", "--frames", capture)
        for line in got.stdout.decode("utf-8", "strict").splitlines():
            thing = json.loads(line)
            optional = {"text", "base64", "code", "name", "reason", "rtt_ms", "opcode_number", "cut",
                        "unfinished", "damaged", "not_inflated", "bad_utf8", "raw"}
            if thing["type"] == "finding":
                optional = set()
            names = tuple(name for name in thing if name not in optional)
            members.setdefault(thing["type"], names)
            assert members[thing["type"]] == names, f"{capture}: {line}"
    assert {"session", "message", "frame", "finding", "end", "tls"} <= members.keys()


def follow_and_report_count_the_same_messages(_):
    for name in ("ws-plain.pcapng", "ws-deflate.pcapng", "ws-fragmented.pcap", "tour.pcapng"):
        capture = os.path.join(ROOT, "captures", name)
        lines = [json.loads(line) for line in run("follow", "--format", "jsonl", capture).stdout.splitlines()]
        finished = [one for one in lines if one["type"] == "message" and one["opcode"] in ("text", "binary")
                    and not one.get("damaged") and not one.get("unfinished")]
        totals = report(capture)["totals"]
        for side in ("client_to_server", "server_to_client"):
            mine = [one for one in finished if one["direction"] == side]
            assert len(mine) == sum(totals[side]["messages"].values()), f"{name}: {side}"
            assert sum(one["length"] for one in mine) == totals[side]["message_bytes"], f"{name}: {side}"


def no_output_holds_a_byte_that_steers_a_terminal(_):
    for capture in few_captures():
        for arguments in FORMATS:
            out = run(*arguments, capture).stdout
            assert not any(byte < 0x20 and byte != 0x0A or byte == 0x7F for byte in out), f"{arguments} {capture}"


def secrets_are_in_no_output_unless_asked_for(_):
    capture = os.path.join(ROOT, "captures", "security.pcapng")
    secrets = (b"bm90LWEtcmVhbC10b2tlbg", b"sk-made-up-0000", b"bm90LWEtc2lnbmF0dXJl", b"not-a-real-one")
    for arguments in FORMATS:
        masked = run(*arguments, "--bodies", "none", capture) if arguments[0] == "follow" else run(*arguments, capture)
        assert masked.stdout and not any(secret in masked.stdout for secret in secrets), arguments
    shown = run("report", "--format", "json", "--show-secrets", capture).stdout
    assert all(secret in shown for secret in secrets)


TESTS = [
    each_report_fits_the_schema,
    totals_are_the_sums_of_the_sessions,
    the_validator_refuses_what_does_not_fit,
    each_line_of_follow_is_an_object_of_its_type,
    follow_and_report_count_the_same_messages,
    no_output_holds_a_byte_that_steers_a_terminal,
    secrets_are_in_no_output_unless_asked_for,
]


def main():
    with open(os.path.join(ROOT, "ui", "report", "report.schema.json"), encoding="utf-8") as file:
        run_all(TESTS, Validator(json.load(file)))


if __name__ == "__main__":
    main()
