#!/bin/bash
# A run of some length: many short sessions over real sockets, and as raw frames some of which come late
# or never, beside sessions that go on all the time. Memory must stay where it is once all is
# warm, and nothing be dropped. 'make soak' takes minutes (SOAK_SECONDS=300).
# shellcheck disable=SC2154 # lib.sh sets them
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh
need_namespace
command -v curl >/dev/null 2>&1 || skip "curl is not installed"
ip -n "$ns" link add ws1 type veth peer name ws2 2>/dev/null || skip "no veth pair can be made here"
ip -n "$ns" link set ws1 up
ip -n "$ns" link set ws2 up
seconds=${SOAK_SECONDS:-8}
[ "$seconds" -le 1200 ] || seconds=1200

start soak report -i lo -i ws1 --every 2 --format=json --memory 128M --metrics 9100 -f 'portrange 8080-8082 or port 80'
inside timeout "$seconds" python3 $talk --port 8081 --sessions 1 --messages 1000000 --pause 0.01 &
inside timeout "$seconds" python3 $talk --port 8082 --sessions 1000000 --messages 2 --size 2000 &
inside timeout "$seconds" python3 $talk --port 8080 --sessions 1000000 --messages 1 &
inside python3 tests/live/churn.py ws2 --seconds "$seconds" --rate 4000 --long --lossy 1 >"$tmp/sent" &
memory() { inside curl -s -m 30 http://127.0.0.1:9100/metrics | sed -n 's/^wsight_memory_bytes //p'; }
sleep "$((seconds / 2))"
middle=$(memory)
sleep "$((seconds / 2 - 1))"
last=$(memory)
wait %2 %3 %4 %5
stop
check "it ends well" 0 "$status"
check "nothing is complained of" "" "$(cat "$tmp/soak.err")"
echo "memory: $middle bytes in the middle, $last at the end"
# The texts of an interval's report are 2 MiB at most (ui/report/spool.h), and pools grow by as much.
check "memory is flat" 1 "$((last < middle + middle / 10 + 4000000))"
python3 - "$tmp/soak.out" "$tmp/sent" >"$tmp/facts" <<'END'
import json, sys
decoder, text, reports = json.JSONDecoder(), open(sys.argv[1]).read().strip(), []
while text:
    report, end = decoder.raw_decode(text)
    reports.append(report)
    text = text[end:].strip()
packets, sessions, messages = map(int, open(sys.argv[2]).read().split())
seen = sum(f["packets"] for r in reports for f in r["capture"]["files"] if f["name"] == "ws1")
print(len(reports) > 2, sum(r["loss"]["dropped_packets"] for r in reports),
      sum(r["loss"]["connections_evicted"] for r in reports), seen == packets)
print(sum(r["loss"]["gaps"] for r in reports) > 10,
      len({(s["client"]["ip"], s["client"]["port"]) for r in reports for s in r["sessions"]}) > sessions / 2)
END
check "no packet was lost by the capture, no connection given up; what was lost on the way is told" "True 0 0 True
True True" "$(cat "$tmp/facts")"
finish
