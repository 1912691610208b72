#!/usr/bin/env python3
"""The manual page names every field of the JSON report, of follow's JSON Lines and of the exports."""
import json
import os
import re
import subprocess
import sys

WSIGHT = os.environ.get("WSIGHT", "./wsight")
CAPTURES = ["tour.pcapng", "violations.pcapng", "refused.pcapng", "wss.pcap", "format-truncated.pcap"]


def run(*arguments):
    return subprocess.run([WSIGHT, *arguments], capture_output=True, text=True, check=False).stdout


def names(value, found):
    if isinstance(value, dict):
        for name, inner in value.items():
            found.add(name.lstrip("@"))
            names(inner, found)
    elif isinstance(value, list):
        for inner in value:
            names(inner, found)


def har_names(har, found):
    """Those that HAR 1.2 itself does not have."""
    for entry in har["log"]["entries"]:
        found.update(name for name in entry if name.startswith("_"))
        for part in (entry["_webSocketMessages"], entry.get("_webSocketClose")):
            names(part, found)


def main():
    with open("ui/wsight.1.in", encoding="utf-8") as file:
        page = file.read()
    page = page[page.index(".SH THE JSON REPORT"):page.index(".SH FINDINGS")]
    known = set(re.findall(r"[A-Za-z0-9_]+", page.replace("\\-", "-")))
    found = set()
    for capture in CAPTURES:
        names(json.loads(run("report", "--format=json", "--digest", f"captures/{capture}")), found)
        for line in run("follow", "--format=jsonl", "--frames", "--bodies=9",
                        f"captures/{capture}").splitlines():
            names(json.loads(line), found)
        for line in run("follow", "--format=ecs", "--frames", "--bodies=9", f"captures/{capture}").splitlines():
            names(json.loads(line), found)
        for table in ("sessions", "messages"):
            for kind in ("csv", "zeek"):
                head = run("export", kind, f"--table={table}", f"captures/{capture}").splitlines()
                line = head[0] if kind == "csv" else head[6][len("#fields\t"):].replace("\t", ",")
                found.update(part for name in line.split(",") for part in name.split("."))
        for line in run("export", "eve", "--bodies=9", f"captures/{capture}").splitlines():
            names(json.loads(line), found)
        har_names(json.loads(run("export", "har", f"captures/{capture}")), found)
    missing = sorted(found - known)
    if len(found) < 100:
        sys.exit("too few fields: is there a report at all?")
    if missing:
        sys.exit("not in the manual page: " + ", ".join(missing))


if __name__ == "__main__":
    main()
