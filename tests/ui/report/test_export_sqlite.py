#!/usr/bin/env python3
"""export sqlite: the tables hold what csv and follow tell of the same capture, byte for byte; views and
indexes are there; the database can be read while it is written, and is one sound file at the end."""
import base64
import csv
import io
import json
import os
import sqlite3
import subprocess
import time

from checks import TMP, WSIGHT, check, finish, run, wsight

CAPTURES = ["tour.pcapng", "violations.pcapng", "security.pcapng", "midstream.pcapng", "gap.pcapng"]
DB = TMP + "/out.db"
csv.field_size_limit(1 << 30)


def rows(sql, path=DB):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(sql)]


def of_csv(table, path):
    text = run("export", "csv", f"--table={table}", "--bodies=all", path).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def cell(value, column):
    """A value of the database as csv has it."""
    if value is None:
        return ""
    if column in ("tls", "compressed"):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.9f}"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, str) and value.startswith("[") and column in LISTS:
        return " ".join(json.loads(value))
    return str(value)


LISTS = {"offered_subprotocols", "extensions", "offered_extensions", "findings", "faults"}
EXACT = {"text", "base64", "client_close_reason", "server_close_reason"}  # csv changes some; see test_messages


def same(row, expected):
    names = {"bytes": "base64"}
    return all(cell(value, name) == expected[names.get(name, name)] or names.get(name, name) in EXACT
               or expected[names.get(name, name)].startswith("'") for name, value in row.items())


def test_sessions(name, path):
    told = rows("SELECT * FROM sessions ORDER BY session")
    expected = sorted(of_csv("sessions", path), key=lambda row: int(row["session"]))
    check(f"{name}: a row for each session, with csv's columns and values",
          [list(r) for r in told] == [list(r) for r in expected]
          and all(same(a, b) for a, b in zip(told, expected)))


def test_messages(name, path):
    told = rows("SELECT * FROM messages")
    expected = of_csv("messages", path)
    check(f"{name}: a row for each message", len(told) == len(expected)
          and all(same(a, b) for a, b in zip(told, expected)))
    lines = run("follow", "--format=jsonl", "--bodies=all", path).decode().splitlines()
    follow = [line for line in map(json.loads, lines) if line["type"] == "message"]
    good = True
    for row, message in zip(told, follow):
        body = row["bytes"] if row["bytes"] is not None else (row["text"] or "").encode()
        shown = base64.b64decode(message["base64"]) if "base64" in message \
            else message.get("text", message.get("reason", "")).encode()
        good &= body == shown or body.decode(errors="replace").encode() == shown
    check(f"{name}: every message is there byte for byte", good and len(told) == len(follow))


def test_findings(name, path):
    report = json.loads(run("report", "--format=json", path))
    told = sorted((r["session"], r["id"], r["count"], r["severity"], r["packet"])
                  for r in rows("SELECT * FROM findings WHERE session IS NOT NULL"))
    expected = sorted((s["id"], f["id"], f["count"], f["severity"], f["packet"])
                      for s in report["sessions"] for f in s["findings"])
    check(f"{name}: findings are those of the report", told == expected)
    counts = {r["id"]: (r["sessions"], r["count"]) for r in rows("SELECT * FROM finding_counts")}
    check(f"{name}: and their sums", all(
        counts[f["id"]] == (f["sessions"], f["count"]) for f in report["findings"] if f["first_session"]))


def test_frames(name, path):
    lines = run("follow", "--format=jsonl", "--frames", path).decode().splitlines()
    follow = [line for line in map(json.loads, lines) if line["type"] == "frame"]
    told = rows("SELECT * FROM frames")
    check(f"{name}: a row for each frame", len(told) > 0 and [
        (f["session"], f["time"], f["direction"], f["opcode"], f["opcode_number"], min(f["length"], 2**63 - 1),
         f["masking_key"], f["packet"]) for f in follow] == [
        (r["session"], r["time"], r["direction"], r["opcode"], r["opcode_number"], r["length"],
         r["masking_key"].hex() if r["masking_key"] is not None else None, r["packet"]) for r in told])


def test_shape():
    names = {r["name"]: r["type"] for r in rows("SELECT name, type FROM sqlite_master")}
    check("it has tables, views and indexes",
          {n for n, t in names.items() if t == "table"} == {"sessions", "messages", "findings", "frames"}
          and {"overview", "conversation", "finding_counts", "close_codes", "messages_per_minute"}
          == {n for n, t in names.items() if t == "view"}
          and sum(t == "index" for t in names.values()) == 8)
    for view in (n for n, t in names.items() if t == "view"):
        check(f"the view {view} has rows", rows(f"SELECT count(*) AS n FROM {view}")[0]["n"] > 0)
    check("it is sound", rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}])
    check("it is one file", sorted(n for n in os.listdir(TMP) if n.startswith("out.db")) == ["out.db"])
    plan = str(rows("EXPLAIN QUERY PLAN SELECT * FROM messages WHERE session = 3"))
    check("messages of a session are found by an index", "messages_session" in plan)


def test_reading_while_it_is_written():
    with open("captures/tour.pcapng", "rb") as file:
        data = file.read()
    with subprocess.Popen([WSIGHT, "export", "sqlite", "-o", DB, "-"], stdin=subprocess.PIPE) as process:
        process.stdin.write(data[:len(data) // 2])
        process.stdin.flush()
        seen = 0
        deadline = time.monotonic() + 60
        while seen == 0 and time.monotonic() < deadline:
            try:
                seen = rows("SELECT count(*) AS n FROM messages")[0]["n"]
            except sqlite3.OperationalError:  # there is no table yet
                pass
            time.sleep(0.01)
        check("rows are there before the end", seen > 0)
        process.stdin.write(data[len(data) // 2:])
        process.stdin.close()
        check("and the rest at the end", process.wait() == 0
              and rows("SELECT count(*) AS n FROM messages")[0]["n"] > seen)


def test_places():
    with open(DB, "wb") as file:
        file.write(b"something else")
    with open(DB + "-wal", "wb") as file:
        file.write(b"a log of something else")
    run("export", "sqlite", "-o", DB, "captures/refused.pcapng")
    check("a regular file is replaced", rows("SELECT count(*) AS n FROM sessions")[0]["n"] > 0)
    for place in (TMP, "/dev/null"):
        done = wsight("export", "sqlite", "-o", place, "captures/refused.pcapng", status=(1,))
        check(f"{os.path.basename(place)} is not written to", b"no regular file" in done.stderr)
    done = wsight("export", "sqlite", "captures/refused.pcapng", status=(2,))
    check("standard output will not do", b"needs a file to write to" in done.stderr)
    done = wsight("export", "sqlite", "-o", "captures/refused.pcapng", "captures/refused.pcapng", status=(2,))
    check("the capture is not overwritten", b"one of the captures" in done.stderr)
    done = wsight("export", "csv", "--frames", "captures/refused.pcapng", status=(2,))
    check("frames are a table of sqlite alone", b"no table of frames" in done.stderr)
    run("export", "sqlite", "-o", DB, "-Y", "close == 1001", "captures/tour.pcapng")
    check("a display filter chooses", {r["session"] for r in rows("SELECT session FROM messages")}
          == {r["session"] for r in rows("SELECT session FROM sessions")}
          and len(rows("SELECT * FROM sessions")) == 1)


def main():
    for name in CAPTURES:
        run("export", "sqlite", "--frames", "--bodies=all", "-o", DB, "captures/" + name)
        test_sessions(name, "captures/" + name)
        test_messages(name, "captures/" + name)
        test_findings(name, "captures/" + name)
        test_frames(name, "captures/" + name)
        if name == "violations.pcapng":
            test_shape()
    test_reading_while_it_is_written()
    test_places()
    finish()


if __name__ == "__main__":
    main()
