#!/bin/bash
# Saving what is captured: whole files whatever happens, rotation, WebSocket connections alone.
# shellcheck disable=SC2154 # lib.sh sets them
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh
need_namespace

sessions() { "$program" report --format=json "$@" 2>/dev/null | python3 -c '
import json, sys
r = json.load(sys.stdin)
print(len(r["sessions"]), sum(s["client_to_server"]["messages"]["text"] for s in r["sessions"]),
      {s["outcome"] for s in r["sessions"]} or "none")'; }
mkdir "$tmp/out"
chown nobody "$tmp/out"

# --- A file of its own copy: what was saved tells the same
start save report -i lo -w "$tmp/all.pcapng" --format=json
inside python3 $talk --sessions 2 --messages 4
stop
check "it ends well" 0 "$status"
check "the file tells the same" "2 8 {'open'}" "$(sessions "$tmp/all.pcapng")"
"$program" report --format=json "$tmp/all.pcapng" 2>"$tmp/err" >/dev/null
check "the file is whole" "0 " "$? $(cat "$tmp/err")"
if command -v tcpdump >/dev/null 2>&1; then
    tcpdump -nr "$tmp/all.pcapng" >"$tmp/dump" 2>/dev/null
    check "tcpdump reads it" 0 $?
fi

# --- kill -9: whole up to the last flush
start killed report -i lo -w "$tmp/killed.pcapng"
inside python3 $talk --sessions 1 --messages 2
for _ in $(seq $patience); do # it flushes every second
    [ "$(sessions "$tmp/killed.pcapng")" = "1 2 {'open'}" ] && break
    sleep 0.02
done
stop KILL
check "what was flushed is there" "1 2 {'open'}" "$(sessions "$tmp/killed.pcapng")"

# --- WebSocket connections alone, from their first packet on
# Not by inside(): $! is to be the server itself, not a shell around it.
ip netns exec "$ns" python3 -m http.server 8090 --bind 127.0.0.1 --directory "$tmp/out" >/dev/null 2>&1 &
web=$!
pids="$pids $web"
until inside curl -s http://127.0.0.1:8090/ >/dev/null; do sleep 0.02; done
start only report -i lo -w "$tmp/only.pcapng" --only-sessions
inside curl -s http://127.0.0.1:8090/ >/dev/null
inside python3 $talk --sessions 1 --messages 3
inside curl -s http://127.0.0.1:8090/ >/dev/null
stop
kill $web
check "the session is there from its handshake" "1 3 {'open'}" "$(sessions "$tmp/only.pcapng")"
"$program" report --format=json "$tmp/only.pcapng" | python3 -c '
import json, sys
r = json.load(sys.stdin)
print(r["totals"]["tcp_connections"], r["sessions"][0]["handshake"]["request_packet"])' >"$tmp/facts"
check "and nothing else" "1 4" "$(cat "$tmp/facts")"

# --- From a file, too
"$program" report -w "$tmp/copy.pcapng" --only-sessions captures/tour.pcapng >"$tmp/tour.txt"
"$program" report "$tmp/copy.pcapng" >"$tmp/copy.txt"
sections() { sed -n '/^Messages/,/^Close codes/p' "$1"; }
check "a file's sessions are the same in the copy" "$(sections "$tmp/tour.txt")" "$(sections "$tmp/copy.txt")"

# --- Rotation by size, as nobody, behind the seal; and files of which the oldest go
start rotated report -i lo -w "$tmp/out/part.pcapng" --rotate-size 20K --rotate-files 3
inside python3 $talk --sessions 2 --messages 100 --size 200
stop
check "it ends well" 0 "$status"
check "so many files are kept" 3 "$(find "$tmp/out" -name 'part-*.pcapng' | wc -l)"
for file in "$tmp/out"/part-*.pcapng; do
    "$program" report "$file" >/dev/null 2>"$tmp/err"
    check "each is whole" "0 " "$? $(cat "$tmp/err")"
done
start timed report -i lo -w "$tmp/out/%Y-%s.pcapng" --rotate-every 1
inside python3 $talk --messages 25 --pause 0.1
stop
check "names are filled in" 1 "$(($(find "$tmp/out" -name "$(date -u +%Y)-[0-9]*.pcapng" | wc -l) >= 2))"
start hup report -i lo -w "$tmp/out/hup.pcapng" --rotate-size 1G
files() { find "$tmp/out" -name "$1" | wc -l; }
for _ in 1 2 3 4 5; do # the next packet begins it
    inside python3 $talk
    [ "$(files 'hup-*')" != 1 ] || kill -HUP $pid
    [ "$(files 'hup-*')" != 2 ] || break
done
stop
check "SIGHUP begins a new file" 1 "$(($(files 'hup-*') > 1))"
if chown root "$tmp/out"; then
    inside "$program" report -i lo -w "$tmp/out/no.pcapng" --rotate-size 1M --duration 1 >/dev/null 2>"$tmp/err"
    check "a directory that is not nobody's" 1 $?
    has "is told of at once" '--user names another one' "$tmp/err"
fi

# --- A full disk stops the saving, not the analysis
if mkdir "$tmp/small" && mount -t tmpfs -o size=64k tmpfs "$tmp/small" 2>/dev/null; then
    start full report -i lo -w "$tmp/small/full.pcapng" --format=json
    inside python3 $talk --sessions 1 --messages 300 --size 500
    await_line 'nothing more is saved' "$tmp/full.err"
    inside python3 $talk --sessions 1 --messages 3
    stop
    check "it goes on" 0 "$status"
    check "with one message" 1 "$(grep -c 'No space left on device; nothing more is saved' "$tmp/full.err")"
    has "and reports all" '"text": ?303' "$tmp/full.out"
    "$program" report "$tmp/small/full.pcapng" >/dev/null 2>"$tmp/err"
    check "the file ends with a whole packet" "0 " "$? $(cat "$tmp/err")"
    umount "$tmp/small"
fi
finish
