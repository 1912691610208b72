#!/bin/bash
# --metrics by a real curl, and promtool's opinion of it; --memory.
# shellcheck disable=SC2154 # lib.sh sets them
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh
need_namespace
command -v curl >/dev/null 2>&1 || skip "curl is not installed"
get() { inside curl -s -m 5 "$@"; }

start metrics report -i lo --every 1 --metrics 9100 -f 'port 8080'
inside python3 $talk --sessions 2 --messages 3
inside python3 $talk --sessions 1 --messages 2 --until "$tmp/close" &
for _ in $(seq $patience); do
    get http://127.0.0.1:9100/metrics >"$tmp/early"
    grep -q 'direction="client_to_server"} 8' "$tmp/early" && break
done
has "an open session" '^wsight_sessions_open 1$' "$tmp/early"
has "its messages so far" '^wsight_messages_total\{type="text",direction="client_to_server"\} 8$' "$tmp/early"
touch "$tmp/close"
wait %2
for _ in $(seq $patience); do
    get http://127.0.0.1:9100/metrics | grep -q '^wsight_sessions_ended_total{outcome="open"} 3' && break
done
get -D "$tmp/head" http://127.0.0.1:9100/metrics >"$tmp/metrics"
has "the type of the text" '^Content-Type: text/plain; version=0.0.4' "$tmp/head"
has "messages count over intervals" '^wsight_messages_total\{type="text",direction="server_to_client"\} 8$' "$tmp/metrics"
has "sessions, each once" '^wsight_sessions_total 3$' "$tmp/metrics"
has "sessions that ended" '^wsight_sessions_ended_total\{outcome="open"\} 3$' "$tmp/metrics"
has "pings" '^wsight_frames_total\{opcode="ping",direction="client_to_server"\} 3$' "$tmp/metrics"
has "and their times" '^wsight_ping_rtt_seconds_count 3$' "$tmp/metrics"
has "close codes" '^wsight_closes_total\{code="1000",class="protocol",direction="client_to_server"\} 3$' "$tmp/metrics"
has "no loss" '^wsight_dropped_packets_total\{interface="lo",by="kernel"\} 0$' "$tmp/metrics"
has "findings" '^wsight_findings_total\{id="ws.handshake.origin.missing",severity="note"\} 3$' "$tmp/metrics"
has "memory" '^wsight_memory_max_bytes 536870912$' "$tmp/metrics"
if command -v promtool >/dev/null 2>&1; then
    promtool check metrics <"$tmp/metrics" >"$tmp/promtool" 2>&1
    check "promtool finds nothing" "0 " "$? $(cat "$tmp/promtool")"
fi
check "another path" 404 "$(get -o /dev/null -w '%{http_code}' http://127.0.0.1:9100/)"
check "another method" 405 "$(get -o /dev/null -w '%{http_code}' -d x http://127.0.0.1:9100/metrics)"
# Nobody can keep it from answering: more silent connections than it takes
inside python3 - <<'END' &
import socket, time
held = [socket.create_connection(("127.0.0.1", 9100)) for _ in range(6)]
time.sleep(8)
END
sleep 0.3
inside python3 $talk --sessions 1 --messages 1
inside curl -s -m 12 http://127.0.0.1:9100/metrics >"$tmp/held"
has "who says nothing is given up" '^wsight_sessions_total 4$' "$tmp/held"
stop
check "it ends well" 0 "$status"
for wrong in 0 99999 example.org:80 ::1; do
    inside "$program" report -i lo --metrics $wrong >/dev/null 2>"$tmp/err"
    check "--metrics $wrong" 1 $?
done
finish
