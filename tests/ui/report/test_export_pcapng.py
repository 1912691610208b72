#!/usr/bin/env python3
"""export pcapng: wsight reads the same sessions from what it wrote, with no packet of anything else, the
secrets and comments of the file kept and each finding a comment of its packet; tshark reads it, too."""
import json
import os
import re
import shutil
import struct
import subprocess

from checks import TMP, check, finish, run, skip, wsight

CAPTURES = ["tour.pcapng", "violations.pcapng", "midstream.pcapng", "fragments.pcapng", "tunnels.pcapng",
            "format-raw.pcap", "format-nano-big-endian.pcap", "format-gzip.pcap.gz", "wss-secrets.pcapng",
            "h2-secrets.pcapng", "snaplen-128.pcapng", "cooked-v2.pcapng"]
OUT = TMP + "/out.pcapng"
TIME = re.compile(r"(T\d\d:\d\d:\d\d\.\d{6})\d{3}Z$")
PACKET, SECRETS, COMMENT = 6, 10, 1


def export(*arguments):
    if os.path.exists(OUT):
        os.remove(OUT)
    run("export", "pcapng", "-o", OUT, *arguments)
    with open(OUT, "rb") as file:
        return file.read()


def blocks(data):
    """(type, block) of each, in this machine's byte order."""
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("=II", data, at)
        yield kind, data[at:at + length]
        at += length


def options(data):
    at = 0
    while at + 4 <= len(data):
        code, length = struct.unpack_from("=HH", data, at)
        if code == 0:
            return
        yield code, data[at + 4:at + 4 + length]
        at += 4 + (length + 3) // 4 * 4


def comments(data):
    """The comments of each packet."""
    for kind, block in blocks(data):
        if kind == PACKET:
            captured = struct.unpack_from("=I", block, 20)[0]
            yield [value.decode() for code, value in options(block[28 + (captured + 3) // 4 * 4:-4])
                   if code == COMMENT]


def sessions(*arguments):
    """What the report says of the sessions, but for numbers (TLS connections have had some, too) and for
    the precision of times, which is nanoseconds in what was written."""
    report = json.loads(run("report", "--format=json", "--digest", *arguments))

    def plain(value):
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()
                    if not k.endswith("packet") and k not in ("interface", "id", "session")
                    or k == "id" and isinstance(v, str)}
        if isinstance(value, list):
            return [plain(v) for v in value]
        if isinstance(value, float):
            return round(value, 2)
        return TIME.sub(r"\1Z", value) if isinstance(value, str) else value
    return plain(report["sessions"]), report


def test_capture(name):
    path = "captures/" + name
    data = export(path)
    before, report = sessions(path)
    after, told = sessions(OUT)
    check(f"{name}: the same sessions are in it", before == after)
    check(f"{name}: and no other connection", told["totals"]["tcp_connections"]
          <= len({s["community_id"] + s["started"] for s in report["sessions"]}))
    found = sum(len(s["findings"]) > 0 for s in report["sessions"])
    with_comment = [c for c in comments(data) if c]
    check(f"{name}: packets with findings have comments", (found > 0) == (len(with_comment) > 0))
    for session in told["sessions"]:
        for finding in session["findings"]:
            if finding["packet"]:
                texts = list(comments(data))[finding["packet"] - 1]
                check(f"{name}: {finding['id']} is a comment of its packet",
                      any(f" {finding['id']}: " in text for text in texts))
    check(f"{name}: writing it is the same each time", export(path) == data)
    test_tshark(name, len(list(comments(data))))


def test_tshark(name, packets):
    if not shutil.which("tshark") or not shutil.which("capinfos"):
        skip(1, "tshark is not installed")
        return
    done = subprocess.run(["capinfos", "-cTrm", OUT], capture_output=True, check=False)
    check(f"{name}: capinfos counts its packets", done.stdout.decode().split(",")[-1].strip() == str(packets))
    done = subprocess.run(["tshark", "-n", "-r", OUT, "-T", "fields", "-e", "frame.number", "-e",
                           "frame.comment"], capture_output=True, check=False)
    rows = done.stdout.decode().splitlines()
    check(f"{name}: tshark reads all of it", done.returncode == 0 and len(rows) == packets)


def test_secrets_are_kept():
    data = export("captures/wss-secrets.pcapng")
    with open("captures/wss-secrets.pcapng", "rb") as file:
        kept = [block[16:16 + struct.unpack_from("=I", block, 12)[0]] for kind, block in blocks(file.read())
                if kind == SECRETS]
    check("decryption secrets are kept", kept == [
        block[16:16 + struct.unpack_from("=I", block, 12)[0]] for kind, block in blocks(data)
        if kind == SECRETS])


def commented(data, texts):
    """The capture with these comments at every packet."""
    out = b""
    for kind, block in blocks(data):
        if kind == PACKET:
            captured = struct.unpack_from("=I", block, 20)[0]
            body = block[8:28 + (captured + 3) // 4 * 4]
            for text in texts:
                text = text.encode()
                body += struct.pack("=HH", COMMENT, len(text)) + text + bytes(-len(text) % 4)
            body += struct.pack("=HH", 0, 0)
            block = struct.pack("=II", kind, len(body) + 12) + body + struct.pack("=I", len(body) + 12)
        out += block
    return out


def test_comments_are_kept():
    with open("captures/violations.pcapng", "rb") as file:
        data = commented(file.read(), ["of the file \u2190", "a second one"])
    path = TMP + "/commented.pcapng"
    with open(path, "wb") as file:
        file.write(data)
    told = list(comments(export(path)))
    check("a packet's comment is kept, before those of findings",
          len(told) > 0 and all(c[0] == "of the file \u2190" for c in told)
          and any(" ws.mask.missing: " in c[1] for c in told if len(c) > 1))


def test_choice():
    before, report = sessions("captures/tour.pcapng")
    first = before[11]
    export("-f", f"tcp port {first['client']['port']}", "captures/tour.pcapng")
    after, _ = sessions(OUT)
    check("only packets of matching sessions are written", after == [first])
    export("-Y", "close == 1001 or close == 1002", "captures/violations.pcapng")
    chosen = json.loads(run("report", "--format=json", "-Y", "close == 1001 or close == 1002",
                            "captures/violations.pcapng"))["sessions"]
    ids = [s["community_id"] for s in chosen]
    check("only those that a display filter lets pass are written",
          len(ids) > 1 and [s["community_id"] for s in sessions(OUT)[0]] == ids)
    parts = 0
    for k in (1, 2, 3):
        export(f"--shard={k}/3", "captures/tour.pcapng")
        parts += len(sessions(OUT)[0])
    check("each session is in one shard", parts == len(report["sessions"]))
    done = wsight("export", "pcapng", "-", status=(2,))
    check("standard input is refused", b"reads the files twice" in done.stderr)


def main():
    for name in CAPTURES:
        test_capture(name)
    test_secrets_are_kept()
    test_comments_are_kept()
    test_choice()
    finish()


if __name__ == "__main__":
    main()
