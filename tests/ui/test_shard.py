#!/usr/bin/env python3
"""--shard takes every connection in exactly one part, the one that its Community ID says, and the parts
merged are the report of the whole. What compares connections with each other is seen within a part only."""
import base64
import json
import os
import re
import shutil
import subprocess

from checks import TMP, WSIGHT, check, finish, run, skip, wsight
from report_differences import differences

CAPTURES = ["tour.pcapng", "violations.pcapng", "security.pcapng", "tcp.pcapng", "fragments.pcapng",
            "tunnels.pcapng", "snaplen-128.pcapng", "format-truncated.pcap", "h2-secrets.pcapng", "wss.pcap",
            "versions.pcapng"]
COMPARING = {"ws.handshake.key.repeated", "ws.handshake.concurrent"}


def report(path, *options):
    return run("report", "--format=json", *options, path, status=(0, 1))


def shards(path, of, name, *options):
    """The files with the report of each part."""
    paths = [f"{TMP}/{name}.{i}" for i in range(1, of + 1)]
    for i, part in enumerate(paths, 1):
        with open(part, "wb") as file:
            file.write(report(path, f"--shard={i}/{of}", *options))
    return paths


def load(path):
    with open(path, "rb") as file:
        return json.load(file)


def without_comparing(text):
    """A report without the findings that compare connections."""
    whole = json.loads(text)
    for session in whole["sessions"]:
        session["findings"] = [f for f in session["findings"] if f["id"] not in COMPARING]
    gone = [f for f in whole["findings"] if f["id"] in COMPARING]
    whole["findings"] = [f for f in whole["findings"] if f["id"] not in COMPARING]
    for finding in gone:
        whole["totals"]["findings"][finding["severity"]] -= finding["count"]
    return whole


def part_of(community_id, of):
    first = int.from_bytes(base64.b64decode(community_id.split(":")[1])[:8], "big")
    return first * of >> 64


def test_parts(name, of, *options):
    path = "captures/" + name
    parts = shards(path, of, name, *options)
    whole, merged = report(path, *options), run("merge", *parts)
    if options:  # whose sessions have the numbers that they had before it
        with open(TMP + "/whole", "wb") as file:
            file.write(whole)
        whole = run("merge", TMP + "/whole")
    found = list(differences("", without_comparing(whole), without_comparing(merged)))
    check(f"{name} in {of} parts, merged, is the report of the whole: {found[:4]}", not found)
    check(f"{name}: every connection is in the part of its Community ID", all(
        part_of(session["community_id"], of) == i for i, part in enumerate(parts)
        for session in load(part)["sessions"] + load(part)["undecrypted_tls"]))
    check(f"{name}: in other formats, too",
          sorted(line for i in range(1, of + 1) for line in ids_in_csv(path, f"--shard={i}/{of}"))
          == sorted(ids_in_csv(path)))


def ids_in_csv(path, *options):
    rows = run("export", "tsv", *options, path, status=(0, 1)).decode().splitlines()
    column = rows[0].split("\t").index("community_id")
    return [row.split("\t")[column] for row in rows[1:]]


def test_order_of_merging():
    """Parts of several captures, in any order, and sums of sums."""
    captures = ["refused.pcapng", "violations.pcapng", "handshakes.pcapng"]
    parts = [shards("captures/" + name, 3, "order-" + name) for name in captures]
    mixed = [parts[1][2], parts[0][0], parts[2][1], parts[0][2], parts[1][0], parts[1][1], parts[2][2],
             parts[0][1], parts[2][0]]
    whole = []
    for name in captures:
        whole.append(f"{TMP}/whole-{name}")
        with open(whole[-1], "wb") as file:
            file.write(report("captures/" + name))
    expected = without_comparing(run("merge", *whole))
    files = sorted(file["name"] for file in expected["capture"].pop("files"))
    told = without_comparing(run("merge", *mixed))
    check("every file is named once", sorted(f["name"] for f in told["capture"].pop("files")) == files)
    found = list(differences("", expected, told))
    check(f"parts of several captures merge in any order: {found[:4]}", not found)
    two = f"{TMP}/two"
    run("merge", "-o", two, parts[0][2], parts[0][0])
    check("parts that are missing are told", load(two)["capture"]["shards"] == {"of": 3, "parts": [3, 1]})
    found = list(differences("", json.loads(run("merge", *parts[0])),
                             json.loads(run("merge", two, parts[0][1]))))
    check(f"a sum of parts takes the missing one: {found[:4]}", not found)
    twice = wsight("merge", parts[0][1], parts[0][0], parts[0][1], status=(1,))
    check("a part given twice is refused", b"same shard" in twice.stderr)


def test_parallel():
    """What README shows, with GNU parallel."""
    version = shutil.which("parallel") and subprocess.run(["parallel", "--version"], capture_output=True,
                                                          check=False).stdout
    if not version or b"GNU parallel" not in version:
        skip(1, "GNU parallel is not installed")
        return
    with open("README.md", encoding="utf-8") as file:
        command = re.search(r"^    (parallel .*\n    wsight merge .*)$", file.read(), re.M).group(1)
    folder = TMP + "/parallel"
    os.makedirs(folder)
    os.symlink(os.path.abspath("captures/violations.pcapng"), folder + "/a.pcapng")
    os.symlink(os.path.abspath("captures/refused.pcapng"), folder + "/b.pcapng")
    os.symlink(os.path.abspath(WSIGHT), folder + "/wsight")
    subprocess.run(["sh", "-ec", command], cwd=folder, check=True, capture_output=True,
                   env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "HOME": folder})
    both = json.loads(run("report", "--format=json", folder + "/a.pcapng", folder + "/b.pcapng"))
    told = load(folder + "/report.json")
    for one in (both, told):
        for file in one["capture"]["files"]:
            file["name"] = os.path.basename(file["name"])
    found = list(differences("", both, told))
    check(f"the command of README gives the report of all: {found[:4]}", not found)


def test_wrong():
    for value in ("0/4", "5/4", "1", "1/", "/2", "a/b", "1/2/3", "-1/2", "1/2000000", ""):
        done = wsight("report", f"--shard={value}", "captures/refused.pcapng", status=(2,))
        check(f"--shard={value} is refused", b"K-th of N" in done.stderr)


def main():
    for i, name in enumerate(CAPTURES):
        test_parts(name, (3, 1, 7)[i % 3])
    test_parts("tour.pcapng", 3, "-Y", "close == 1001 or opcode == ping")
    test_order_of_merging()
    test_parallel()
    test_wrong()
    finish()


if __name__ == "__main__":
    main()
