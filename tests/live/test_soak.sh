#!/bin/bash
# A run of some length: many short sessions, long-lived ones, loss where the kernel can make it.
# Memory must stay where it is once all is warm, and nothing be dropped. SOAK_SECONDS=300 for longer.
# shellcheck disable=SC2154 # lib.sh sets them
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh
need_namespace
command -v curl >/dev/null 2>&1 || skip "curl is not installed"
seconds=${SOAK_SECONDS:-8}
[ "$seconds" -le 1200 ] || seconds=1200

if tc -n "$ns" qdisc add dev lo root netem loss 1% reorder 2% delay 1ms 2>/dev/null; then
    echo "with 1 % loss and 2 % reordering"
fi
start soak report -i lo --every 2 --format=json --memory 128M --metrics 9100 -f 'portrange 8080-8082'
inside timeout "$seconds" python3 $talk --port 8081 --sessions 1 --messages 100000 --pause 0.01 &
inside timeout "$seconds" python3 $talk --port 8082 --sessions 100000 --messages 2 --size 2000 &
inside timeout "$seconds" python3 $talk --port 8080 --sessions 100000 --messages 1 &
memory() { inside curl -s -m 5 http://127.0.0.1:9100/metrics | sed -n 's/^wsight_memory_bytes //p'; }
sleep "$((seconds / 2))"
middle=$(memory)
sleep "$((seconds / 2 - 1))"
last=$(memory)
wait %2 %3 %4
stop
check "it ends well" 0 "$status"
check "nothing is complained of" "" "$(cat "$tmp/soak.err")"
echo "memory: $middle bytes in the middle, $last at the end"
check "memory is flat" 1 "$((last < middle + middle / 10 + 1000000))"
python3 - "$tmp/soak.out" >"$tmp/facts" <<'END'
import json, sys
decoder, text, reports = json.JSONDecoder(), open(sys.argv[1]).read().strip(), []
while text:
    report, end = decoder.raw_decode(text)
    reports.append(report)
    text = text[end:].strip()
print(len(reports) > 2, sum(r["loss"]["dropped_packets"] for r in reports),
      sum(r["loss"]["connections_evicted"] for r in reports),
      sum(len(r["sessions"]) for r in reports) > 50,
      sum(r["totals"]["midstream"] for r in reports))
END
check "no packet was lost, no connection given up" "True 0 0 True 0" "$(cat "$tmp/facts")"
finish
