#!/bin/bash
# Reports while it runs: at intervals, when asked to, the last one at the end; outputs opened anew.
# shellcheck disable=SC2154 # lib.sh sets them
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh
need_namespace
cat >"$tmp/reports.py" <<'END'
import json, sys
decoder, text, reports = json.JSONDecoder(), open(sys.argv[1]).read().strip(), []
while text:
    report, end = decoder.raw_decode(text)
    reports.append(report)
    text = text[end:].strip()
END

# watch NAME MESSAGES ARGUMENT...: reports every second of one session with so many messages that lives
# through several intervals, and of two short ones
watch() {
    local messages=$2 long
    start "$1" report -i lo --format=json --every 1 "${@:3}"
    inside python3 $talk --sessions 1 --messages "$messages" --pause 0.3 --port 8081 &
    long=$!
    inside python3 $talk --sessions 2 --messages 1
    wait $long
    stop
    check "$1: it ends well" 0 "$status"
}

watch every 10
check "nothing is complained of" "" "$(cat "$tmp/every.err")"
PYTHONPATH=$tmp python3 - "$tmp/every.out" >"$tmp/facts" <<'END'
from reports import reports
messages = lambda s: s["client_to_server"]["messages"]["text"]
target = lambda s: s["handshake"]["target"]
print("several", len(reports) >= 3)
short = {s["client"]["port"] for r in reports for s in r["sessions"] if s["server"]["port"] == 8080}
print("short", len(short))  # one that is open when an interval ends is in two reports
long = [s for r in reports for s in r["sessions"] if s["server"]["port"] == 8081]
print("long in several", len(long) >= 3, {target(s) for s in long})
print("its messages once each", sum(messages(s) for s in long))
print("open at first, clean at last", long[0]["close"]["how"], long[-1]["close"]["how"])
print("totals", sum(r["totals"]["client_to_server"]["messages"]["text"] for r in reports))
print("packets add up", sum(r["capture"]["packets"] for r in reports) ==
      sum(r["capture"]["files"][0]["packets"] for r in reports) > 40)
print("no loss", sum(r["loss"]["dropped_packets"] for r in reports))
END
check "each interval tells what it had" "several True
short 2
long in several True {'/talk/1'}
its messages once each 10
open at first, clean at last open clean
totals 12
packets add up True
no loss 0" "$(cat "$tmp/facts")"

# A display filter: only what it selects is in the totals of any interval.
watch selected 6 -Y 'server.port == 8081'
PYTHONPATH=$tmp python3 - "$tmp/selected.out" >"$tmp/facts" <<'END'
from reports import reports
print("several", len(reports) >= 2)
print("ports", {s["server"]["port"] for r in reports for s in r["sessions"]})
print("messages", sum(r["totals"]["client_to_server"]["messages"]["text"] for r in reports))
print("sizes", sum((r["totals"]["client_to_server"]["message_sizes"] or {"count": 0})["count"] for r in reports))
print("others left out", sum(r["capture"]["sessions_left_out"] for r in reports) >= 2)
END
check "each interval tells of what is selected" "several True
ports {8081}
messages 6
sizes 6
others left out True" "$(cat "$tmp/facts")"

# SIGUSR1: one now; SIGHUP: the output is opened anew
mkdir "$tmp/log"
chown nobody "$tmp/log"
start asked report -i lo -o "$tmp/log/report.txt"
inside python3 $talk --sessions 1
for _ in $(seq $patience); do # a report tells of what came since the last
    kill -USR1 $pid
    sleep 0.05
    grep -q '/talk/1' "$tmp/log/report.txt" && break
done
has "SIGUSR1 prints a report now" '/talk/1' "$tmp/log/report.txt"
mv "$tmp/log/report.txt" "$tmp/log/report.old"
kill -HUP $pid
for _ in $(seq $patience); do
    [ -e "$tmp/log/report.txt" ] && break
    sleep 0.02
done
inside python3 $talk --sessions 2
stop
check "and it ends well" 0 "$status"
has "SIGHUP opens the output anew" '/talk/2' "$tmp/log/report.txt"
check "the old one was left alone" 0 "$(grep -c '/talk/2' "$tmp/log/report.old")"
finish
