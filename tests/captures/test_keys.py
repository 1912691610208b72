#!/usr/bin/env python3
"""TLS with the wrong keys, too few of them, or late: whatever is shown of a session is what its programs
logged, and of each connection that stays closed the report says why."""
import json
import os
import random
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path[:0] = ["captures/peers", "tests/captures"]
import pcap  # noqa: E402  pylint: disable=wrong-import-position
from checks import TMP, WSIGHT, run_all  # noqa: E402  pylint: disable=wrong-import-position
from test_truth import CLOSED, DIRECTIONS, NOTHING  # noqa: E402  pylint: disable=wrong-import-position

ABOUT_KEYS = {"tls.no_keys", "tls.wrong_keys", "tls.one_direction", "tls.keylog.malformed", "tls.unsupported"}


def path(name):
    return f"{TMP}/{name}"


def put(name, data):
    with open(path(name), "wb") as file:
        file.write(data)
    return path(name)


def keys_of(name):
    with open(f"captures/{name}.keys", "rb") as file:
        return file.read()


def run(capture, *arguments, status=0):
    command = [WSIGHT, "report", "--format=json", "--digest", *arguments, capture]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == status, f"exit status {done.returncode}: {done.stderr}"
    return (json.loads(done.stdout) if status == 0 else None), done.stderr


class Report:
    def __init__(self, capture, *logs):
        told, self.said = run(capture, *(word for log in logs for word in ("-k", log)))
        self.sessions, self.closed = told["sessions"], told["undecrypted_tls"]
        self.findings = {f["id"]: f["count"] for f in told["findings"]}
        self.reasons = sorted(s["why_not"] for s in self.closed)

    def about_keys(self):
        return {name: n for name, n in self.findings.items() if name in ABOUT_KEYS}

    def lost(self):
        """Findings that would say that the capture or the programs were at fault."""
        return {"tls.record", "tls.lost", "tls.alert", "ws.gap", "ws.pong.unsolicited"} & self.findings.keys()


def truth_of(name):
    with open(f"captures/{name}.truth.json", encoding="utf-8") as file:
        sessions = json.load(file)["sessions"]
    return {s["path"]: s for s in sessions if (name, s["path"]) not in CLOSED}


def digests(session):
    return {way: session[way] and (session[way].get("messages_sha256") or session[way].get("sha256") or NOTHING)
            for way in DIRECTIONS}


def whole(report, name):
    """How many sessions are as the programs logged them."""
    truth = truth_of(name)
    found = [s for s in report.sessions if s["handshake"] and s["handshake"]["target"] in truth]
    return sum(digests(s) == digests(truth[s["handshake"]["target"]]) for s in found)


def spoiled(log, label=b""):
    """The log with a bit of each secret changed, of lines that begin with the label."""
    lines = log.splitlines()
    return b"\n".join(line[:-1] + (b"1" if line[-1:] == b"0" else b"0") if line.startswith(label) and b"_" in line
                      else line for line in lines) + b"\n"


def without(log, label):
    return b"".join(line + b"\n" for line in log.splitlines() if not line.startswith(label))


# ---- Tests ----

def keys_of_other_sessions_open_nothing_and_that_is_said():
    report = Report("captures/tls-ciphers.pcap", "captures/tls-python.keys")
    assert not report.sessions and not report.said
    assert report.reasons == ["no keys"] * 28 + ["unsupported"], report.reasons
    assert report.about_keys() == {"tls.no_keys": 28, "tls.unsupported": 1}, report.findings


def wrong_secrets_are_told_from_none():
    for name, n in (("tls-ciphers", 28), ("tls-handshakes", 21), ("tls-python", 5)):
        report = Report(f"captures/{name}.pcap", put("wrong", spoiled(keys_of(name))))
        assert not report.sessions
        assert report.reasons.count("wrong keys") == n, report.reasons
        assert not report.lost(), report.findings


def a_wrong_or_missing_secret_costs_its_direction_alone():
    log = keys_of("tls-python")
    for make in (spoiled, without):
        report = Report("captures/tls-python.pcap", put("one", make(log, b"CLIENT_TRAFFIC")))
        assert len(report.sessions) == 5 and whole(report, "tls-python") == 2  # TLS 1.2 has other labels
        assert report.about_keys() == {"tls.one_direction": 3}, report.findings
        assert not report.lost(), report.findings
        answers = [s["server_to_client"]["messages_sha256"] for s in report.sessions]
        assert answers == [s["server_to_client"]["messages_sha256"]
                           for s in Report("captures/tls-python.pcap", "captures/tls-python.keys").sessions]


def a_key_log_cut_anywhere_shows_nothing_that_was_not_said():
    log, seen = keys_of("wss"), set()
    for n in range(0, len(log), 41):
        report = Report("captures/wss.pcap", put("cut", log[:n]))
        seen.add(whole(report, "wss"))
        assert len(report.sessions) + len(report.closed) == 5, f"at {n}"
        assert report.findings.get("tls.keylog.malformed", 0) <= 1, f"at {n}"
        assert not report.lost(), f"at {n}: {report.findings}"
        half = {s["handshake"]["target"] for s in report.sessions
                if any(f["id"] == "tls.one_direction" for f in s["findings"])}
        assert whole(report, "wss") == len(report.sessions) - len(half), f"at {n}"
    assert seen == set(range(6)) - {5}, seen


def what_is_no_key_log_is_said_to_be_none():
    junk = random.Random(1).randbytes(5000)
    pem = b"-----BEGIN PRIVATE KEY-----\n" + b"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 20
    for name, log, words in (("junk", junk, "no key log"), ("pem", pem, "no key log"),
                             ("utf16", keys_of("wss").decode().encode("utf-16"), "no key log"),
                             ("empty", b"", "no TLS secrets"), ("comments", b"# nothing\n\n#\n", "no TLS secrets")):
        report = Report("captures/wss.pcap", put(name, log))
        assert words in report.said and name in report.said, f"{name}: {report.said}"
        assert ("tls.keylog.malformed" in report.findings) == (words == "no key log"), name
        assert len(report.closed) == 5
    for log, words in (("/nonexistent", "No such file"), (TMP, "Is a directory")):
        _, said = run("captures/wss.pcap", "-k", log, status=1)
        assert words in said, said


def lines_that_are_damaged_cost_themselves():
    lines = keys_of("wss").splitlines()
    odd = [b"# comment", b"", b"CLIENT_RANDOM", b"CLIENT_RANDOM 12 34", b"EXPORTER_SECRET " + b"00" * 32 + b" 00",
           b"x" * 100000, b"\0\0\0", b"CLIENT_RANDOM " + b"zz" * 32 + b" " + b"00" * 48]
    mixed = b"\r\n".join(line for pair in zip(lines, odd * 9) for line in pair)
    report = Report("captures/wss.pcap", put("odd", b"\xef\xbb\xbf" + mixed))
    assert whole(report, "wss") == 5 and not report.closed and not report.said
    assert "tls.keylog.malformed" in report.findings


def several_key_logs_are_one():
    lines = keys_of("tls-nginx").splitlines(keepends=True)
    logs = [put(f"part{i}", b"".join(lines[i::3])) for i in range(3)]
    report = Report("captures/tls-nginx.pcap", *logs)
    assert len(report.sessions) == 14 and not report.closed, report.findings
    assert not report.about_keys(), report.findings


def secrets_that_a_capture_carries_late_open_what_waited():
    packets, link, snap = pcap.read("captures/wss.pcap")
    log = keys_of("wss")
    early = b"".join(line + b"\n" for line in log.splitlines() if b"_HANDSHAKE_" in line)
    other = keys_of("tls-python")
    for first in (early, other):
        for late in (1, 7, 12, 40, 99, len(packets)):
            pcap.write(path("late.pcapng"), packets, link, snap, {0: first, late: log})
            report = Report(path("late.pcapng"))
            opened = whole(report, "wss")
            # Those that are over before the secrets come are told of.
            assert opened + report.reasons.count("no keys") == 5, f"behind {late}: {report.reasons}, {opened} whole"
            assert opened == 5 or late > 40, f"behind {late}: {report.reasons}"
            assert not report.lost(), f"behind {late}: {report.findings}"


def secrets_that_a_capture_has_behind_its_packets_are_told_of():
    packets, link, snap = pcap.read("captures/wss.pcap")
    log = keys_of("wss")
    for place, late in ((0, False), (len(packets), True)):
        pcap.write(path("behind.pcapng"), packets, link, snap, {place: log})
        report = Report(path("behind.pcapng"))
        assert bool(report.closed) == late, f"behind {place}: {report.reasons}"
        assert ("secrets behind packets" in report.said) == late, report.said


def through_a_pipe(packets, growing, rest, *logs):
    """What is told of wss.pcap when so many bytes of it come, then the rest of a key log, then the others."""
    with open("captures/wss.pcap", "rb") as file:
        capture = file.read()
    command = [WSIGHT, "report", "--format=json", "--digest", *(word for log in (growing, *logs) for word in ("-k", log))]
    with subprocess.Popen([*command, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdin.write(capture[:packets])
        child.stdin.flush()
        with open(growing, "ab") as file:
            file.write(rest)
        told = json.loads(child.communicate(capture[packets:])[0])
    return len(told["sessions"]), {f["id"] for f in told["findings"]} & ABOUT_KEYS


def a_key_log_may_grow_while_packets_come():
    log = keys_of("wss")
    for packets, lines in ((0, 0), (3000, 1000), (9000, 0), (20000, 2500), (50000, 100)):
        growing = path(f"growing.{packets}")
        if lines:
            put(os.path.basename(growing), log[:lines])
        assert through_a_pipe(packets, growing, log[lines:]) == (5, set()), f"{packets}, {lines}"


def a_line_that_is_not_over_does_not_mix_with_those_of_another_log():
    lines = sorted(keys_of("wss").splitlines(keepends=True), key=lambda line: b"_TRAFFIC_SECRET_0" not in line)
    other = put("other", b"".join(lines[1:]))
    for cut in (10, 80, 150):
        begun = put("begun", lines[0][:cut])
        told = through_a_pipe(0, begun, b"", other)
        assert told == (5, {"tls.one_direction"}), f"cut at {cut}: {told}"


def a_long_key_log_that_may_grow_is_read_to_its_end():
    rng = random.Random(2)
    others = b"".join(b"CLIENT_RANDOM %s %s\n" % (rng.randbytes(32).hex().encode(), rng.randbytes(48).hex().encode())
                      for _ in range(4000))
    assert through_a_pipe(0, put("long", others), keys_of("wss")) == (5, set())


TESTS = [
    keys_of_other_sessions_open_nothing_and_that_is_said,
    wrong_secrets_are_told_from_none,
    a_wrong_or_missing_secret_costs_its_direction_alone,
    a_key_log_cut_anywhere_shows_nothing_that_was_not_said,
    what_is_no_key_log_is_said_to_be_none,
    lines_that_are_damaged_cost_themselves,
    several_key_logs_are_one,
    secrets_that_a_capture_carries_late_open_what_waited,
    secrets_that_a_capture_has_behind_its_packets_are_told_of,
    a_key_log_may_grow_while_packets_come,
    a_line_that_is_not_over_does_not_mix_with_those_of_another_log,
    a_long_key_log_that_may_grow_is_read_to_its_end,
]


if __name__ == "__main__":
    run_all(TESTS)
