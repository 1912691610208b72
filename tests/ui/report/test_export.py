#!/usr/bin/env python3
"""Every format of export holds what report and follow tell of the same capture, and is what the
programs that it is made for read: HAR 1.2, RFC 4180, Zeek's logs, Suricata's EVE."""
import base64
import csv
import io
import json
import os

from checks import TMP, check, finish, run, wsight

CAPTURES = ["tour.pcapng", "violations.pcapng", "security.pcapng", "refused.pcapng", "midstream.pcapng",
            "gap.pcapng", "handshakes.pcapng"]
URI = set(map(chr, range(33, 127))) - set("<>\"\\^`{|}")
CAPTURES = [name for name in CAPTURES if os.path.exists("captures/" + name)]
ZEEK = ("ts uid id.orig_h id.orig_p id.resp_h id.resp_p host uri user_agent subprotocol client_protocols "
        "server_extensions client_extensions").split()
csv.field_size_limit(1 << 30)


def same(found, message):
    """follow shows U+FFFD for what is not UTF-8; the bytes themselves are in exports."""
    told = body(message)
    return found == told or found.decode(errors="replace").encode() == told or "\ufffd" in told.decode(
        errors="replace")


def lines(text):
    return [json.loads(line) for line in text.decode().splitlines()]


class Truth:
    """What report and follow say."""

    def __init__(self, path):
        self.report = json.loads(run("report", "--format=json", path))
        self.follow = lines(run("follow", "--format=jsonl", "--frames", "--bodies=all", path))
        self.messages = [line for line in self.follow if line["type"] == "message"]
        self.frames = [line for line in self.follow if line["type"] == "frame"]


def body(message):
    if "base64" in message:
        return base64.b64decode(message["base64"])
    return message.get("text", message.get("reason", "")).encode()


def har_request_is_whole(request):
    return (set("method url httpVersion cookies headers queryString headersSize bodySize".split())
            <= set(request) and request["url"].startswith(("ws://", "wss://", "http://", "https://")))


def har_response_is_whole(response):
    return (set("status statusText httpVersion cookies headers content redirectURL headersSize bodySize"
                .split()) <= set(response) and {"size", "mimeType"} <= set(response["content"]))


def test_har(name, path, truth):
    log = json.loads(run("export", "har", path))["log"]
    entries = log["entries"]
    check(f"{name}: har is version 1.2 with a creator",
          log["version"] == "1.2" and {"name", "version"} <= set(log["creator"]))
    check(f"{name}: har has an entry for each session",
          [e["_session"] for e in entries] == [s["id"] for s in truth.report["sessions"]])
    check(f"{name}: every URL holds what a URI may hold", all(
        not set(e["request"]["url"]) - URI for e in entries))
    check(f"{name}: every entry has what HAR asks for", all(
        har_request_is_whole(e["request"]) and har_response_is_whole(e["response"])
        and e["cache"] == {} and e["serverIPAddress"] and e["startedDateTime"].endswith("Z")
        and min(e["timings"].values()) >= 0
        and abs(sum(e["timings"].values()) - e["time"]) < 0.001 for e in entries))
    for entry in entries:
        sent = [m for m in truth.messages if m["session"] == entry["_session"] and m["opcode"] != "close"]
        found = entry["_webSocketMessages"]
        check(f"{name}: the messages of session {entry['_session']}", len(sent) == len(found) and all(
            (m["direction"] == "client_to_server") == (h["type"] == "send") and m["length"] == h["_length"]
            and (h["opcode"] != 1 or h["data"] == m["text"])
            and (h["opcode"] == 1 or base64.b64decode(h["data"]) == body(m))
            for m, h in zip(sent, found)))


def test_har_raw():
    path = "captures/extensions.pcapng"
    truth = Truth(path)
    raw = [(m["session"], body(m)) for m in truth.messages if m.get("raw")]
    found = [(entry["_session"], base64.b64decode(message["data"]))
             for entry in json.loads(run("export", "har", path))["log"]["entries"]
             for message in entry["_webSocketMessages"] if message.get("_raw")]
    check("har marks what an extension that is not decoded has to do with, and has its bytes",
          raw and sorted(found) == sorted(raw))


def test_tables(name, path, truth):
    for kind, table in (("csv", "sessions"), ("tsv", "sessions"), ("csv", "messages"), ("tsv", "messages")):
        text = run("export", kind, f"--table={table}", "--bodies=all", path).decode()
        if kind == "csv":
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        else:
            rows = [line.split("\t") for line in text.splitlines()]
        expected = truth.messages if table == "messages" else truth.report["sessions"]
        check(f"{name}: {kind} has a row for each of the {table}", len(rows) == len(expected) + 1)
        check(f"{name}: {kind} {table}: all rows are as long as the head", len({len(r) for r in rows}) == 1)
        found = [dict(zip(rows[0], row)) for row in rows[1:]]
        if table == "sessions":
            ids = {str(s["id"]): s for s in expected}
            check(f"{name}: {kind} sessions are the report's", all(
                f["community_id"] == ids[f["session"]]["community_id"]
                and f["client_frames"] == str(ids[f["session"]]["client_to_server"]["frames"])
                for f in found))
        elif kind == "csv":
            check(f"{name}: csv messages have every byte", all(
                same(base64.b64decode(f["base64"]) if f["base64"] else f["text"].encode(), m)
                for f, m in zip(found, expected)))


def test_zeek(name, path, truth):
    text = run("export", "zeek", path).decode().splitlines()
    head = {line.split("\t")[0]: line.split("\t")[1:] for line in text if line.startswith("#")}
    rows = [line.split("\t") for line in text if not line.startswith("#")]
    check(f"{name}: the first 13 columns are Zeek's", head["#fields"][:13] == ZEEK)
    check(f"{name}: every column has a type", len(head["#fields"]) == len(head["#types"]))
    check(f"{name}: zeek has a row for each session", len(rows) == len(truth.report["sessions"]))
    check(f"{name}: zeek's rows are whole", all(len(row) == len(head["#fields"]) for row in rows))
    as_json = lines(run("export", "zeek-json", path))
    check(f"{name}: as JSON the same sessions", [r["uid"] for r in as_json] == [row[1] for row in rows])
    messages = run("export", "zeek", "--table=messages", path).decode().splitlines()
    uids = {row[1] for row in rows}
    messages = [line.split("\t") for line in messages if not line.startswith("#")]
    check(f"{name}: websocket_messages.log speaks of the same sessions",
          len(messages) == len(truth.messages) and {row[1] for row in messages} <= uids)


def test_eve(name, path, truth):
    events = lines(run("export", "eve", "--bodies=all", path))
    frames = [e for e in events if e["event_type"] == "websocket"]
    check(f"{name}: eve has a line for each frame", len(frames) == len(truth.frames))
    check(f"{name}: eve's lines have Suricata's members", all(
        {"timestamp", "flow_id", "event_type", "src_ip", "dest_ip", "proto", "community_id"} <= set(e)
        and {"fin", "opcode"} <= set(e["websocket"]) for e in frames))
    check(f"{name}: masks are the frames'", sorted(f"{e['websocket']['mask']:08x}" for e in frames
                                                   if "mask" in e["websocket"])
          == sorted(f["masking_key"] for f in truth.frames if f["masking_key"]))
    told = [e for e in frames if "message" in e["websocket"]]
    check(f"{name}: eve has the whole messages", sum(e["websocket"]["message"]["length"] for e in told)
          <= sum(m["length"] for m in truth.messages) and len(told) <= len(truth.messages))
    flows = [e for e in events if e["event_type"] == "flow"]
    check(f"{name}: eve ends every session", len(flows)
          == len(truth.report["sessions"]) + len(truth.report["undecrypted_tls"]))


def test_payloads(name, path, truth):
    for per in ("message", "direction"):
        folder = f"{TMP}/{name}-{per}"
        run("export", "payloads", f"--per={per}", "-o", folder, path)
        with open(folder + "/index.tsv", encoding="utf-8") as file:
            rows = [line.rstrip("\n").split("\t") for line in file]
        rows = [dict(zip(rows[0], row)) for row in rows[1:]]
        data = [m for m in truth.messages if m["opcode"] in ("text", "binary", "continuation")
                or m.get("opcode_number", 8) < 8]
        good = len(rows) == len(data)
        for row, message in zip(rows, data):
            with open(f"{folder}/{row['file']}", "rb") as file:
                file.seek(int(row["offset"]))
                found = file.read(int(row["bytes"]))
            good = good and same(found, message)
        check(f"{name}: the payloads, a file for each {per}", good)
        check(f"{name}: no file but those of the index",
              {row["file"] for row in rows} | {"index.tsv"} == set(os.listdir(folder)))
        again = wsight("export", "payloads", "-o", folder, path, status=(0, 1))
        check(f"{name}: a folder is used once", again.returncode == 1)


def test_secrets():
    path = "captures/tour.pcapng"
    for kind in ("har", "csv", "tsv", "zeek", "zeek-json", "eve"):
        open_text = run("export", kind, "--show-secrets", "--bodies=none", path)
        masked = run("export", kind, "--bodies=none", path)
        check(f"{kind} masks secrets", b"***" in masked and b"access_token=***" in masked
              and b"***" not in open_text and open_text != masked)
        check(f"{kind} is the same each time", run("export", kind, "--bodies=none", path) == masked)


def main():
    for name in CAPTURES:
        path = "captures/" + name
        truth = Truth(path)
        for test in (test_har, test_tables, test_zeek, test_eve, test_payloads):
            test(name, path, truth)
    test_har_raw()
    test_secrets()
    finish()


if __name__ == "__main__":
    main()
