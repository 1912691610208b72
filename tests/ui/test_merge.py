#!/usr/bin/env python3
"""merge says what one report of all captures says: every counter, histogram, mean and percentile. Packet
numbers stay those of each capture, and open_peak is the sum. diff tells what differs."""
import json

from checks import TMP, check, finish, run, wsight
from report_differences import differences

# Captures with times of the same precision, and without connections on the same ports soon after.
GROUPS = [["ws-deflate.pcapng", "midstream.pcapng"], ["aiohttp.pcapng", "nginx.pcapng"],
          ["security.pcapng", "deflates.pcapng"], ["tour.pcapng"],
          ["refused.pcapng", "violations.pcapng", "handshakes.pcapng"]]


def test_merge(group):
    paths = []
    for name in group:
        paths.append(f"{TMP}/{name}.json")
        run("report", "--format=json", "-o", paths[-1], "captures/" + name)
    whole = json.loads(run("report", "--format=json", *("captures/" + name for name in group)))
    merged = json.loads(run("merge", *paths))
    found = [line for line in differences("", whole, merged)]
    check(f"{' + '.join(group)} merged is the report of both: {found[:5]}", not found)
    check("merging is the same each time", run("merge", *paths) == run("merge", *paths))
    if len(paths) > 2:
        first = f"{TMP}/first.json"
        run("merge", "-o", first, *paths[:2])
        again = json.loads(run("merge", first, *paths[2:]))
        check("a merged report can be merged", not list(differences("", merged, again)))
    with open(f"{TMP}/merged.json", "wb") as file:
        file.write(run("merge", *paths))
    check("nothing differs from itself", b"no difference" in run("diff", paths[0], paths[0]))


def test_diff():
    a, b = "captures/tour.pcapng", "captures/violations.pcapng"
    one, two = (json.loads(run("report", "--format=json", path)) for path in (a, b))
    told = json.loads(run("diff", "--format=json", a, b))
    rows = {row["name"]: (row["a"], row["b"]) for row in told["differences"]}
    check("diff counts sessions", rows["sessions"] == (one["totals"]["sessions"], two["totals"]["sessions"]))
    counts = [{f["id"]: f["count"] for f in report["findings"]} for report in (one, two)]
    check("diff tells of findings that came, went or changed", all(
        rows.get(f"findings.{name}.count") == (counts[0].get(name), counts[1].get(name))
        for name in set(counts[0]) | set(counts[1]) if counts[0].get(name) != counts[1].get(name)))
    text, markdown = run("diff", a, b).decode(), run("diff", "--format=markdown", a, b).decode()
    check("text and Markdown have the same rows", len(text.splitlines()) - 2 == len(rows)
          and len(markdown.splitlines()) - 2 == len(rows))


def test_diff_of_a_part():
    a, b = "captures/tour.pcapng", "captures/wss.pcap"
    options = ["-Y", "opcode == text", "-k", "captures/wss.keys"]
    one, two = (json.loads(run("report", "--format=json", *options, path)) for path in (a, b))
    rows = {row["name"]: (row["a"], row["b"])
            for row in json.loads(run("diff", "--format=json", *options, a, b))["differences"]}
    check("diff compares what a display filter selects, TLS opened with keys",
          0 < two["totals"]["sessions"] and
          rows["sessions"] == (one["totals"]["sessions"], two["totals"]["sessions"]))
    with open(TMP + "/report.json", "wb") as file:
        file.write(run("report", "--format=json", a))
    for order in ([TMP + "/report.json", b], [b, TMP + "/report.json"]):
        check("a display filter on a report is refused", b"is a report: -Y selects sessions of captures" in
              wsight("diff", "-Y", "tls", *order, status=(1,)).stderr)


def test_diff_of_a_damaged_capture():
    done = wsight("diff", "captures/format-truncated.pcap", "captures/tour.pcapng", status=(1,))
    check("a capture that ends within a packet is compared as far as it goes, and told of",
          b"ends within a packet" in done.stderr and b"sessions " in done.stdout)


def test_wrong():
    with open(TMP + "/bad.json", "w", encoding="utf-8") as file:
        file.write('{"schema":"something else"}')
    for path, why in ((TMP + "/bad.json", b"is no report"), (TMP + "/none.json", b"No such file"),
                      ("captures/README.md", b"no JSON")):
        check(f"{path} is refused", why in wsight("merge", path, status=(1,)).stderr)


def main():
    for group in GROUPS:
        test_merge(group)
    test_diff()
    test_diff_of_a_part()
    test_diff_of_a_damaged_capture()
    test_wrong()
    finish()


if __name__ == "__main__":
    main()
