#!/bin/bash
# Live capture from outside: interfaces, follow and report on them, how a run ends.
# shellcheck disable=SC2154 # lib.sh sets them
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh
need_namespace

# --- What there is to capture on
inside "$program" interfaces >"$tmp/interfaces"
check "interfaces are listed" 0 $?
has "loopback is up, with its address" '^lo +up +127\.0\.0\.1' "$tmp/interfaces"
has "any is one of them" '^any ' "$tmp/interfaces"

# --- What is wrong is said
inside "$program" follow -i nosuch >/dev/null 2>"$tmp/err"
check "an interface that is not there" 1 $?
has "its name is told" "^wsight: there is no interface nosuch; 'wsight interfaces' lists them" "$tmp/err"
inside "$program" follow -i lo -f websocket >/dev/null 2>"$tmp/err"
check "a display filter as capture filter" 2 $?
has "-Y is told of" '^wsight: .websocket. looks like a display filter: use -Y' "$tmp/err"
"$program" follow -i lo captures/tour.pcapng >/dev/null 2>"$tmp/err"
check "files and interfaces do not mix" 2 $?

# --- follow
start follow follow -i lo --format=jsonl
inside python3 $talk --sessions 2 --messages 3 --hold 0.1
await_line '"type":"end"' "$tmp/follow.out" 2
check "messages come while it runs" 12 "$(grep -cE '"opcode":"text"' "$tmp/follow.out")"
stop INT
check "Ctrl-C ends it well" 0 "$status"
check "no complaint" "" "$(cat "$tmp/follow.err")"

# --- report
start report report -i lo --format=json
inside python3 $talk --sessions 3 --messages 5
stop TERM
check "SIGTERM ends it well" 0 "$status"
python3 - "$tmp/report.out" >"$tmp/facts" <<'END'
import json, sys
report = json.load(open(sys.argv[1]))
sessions = report["sessions"]
print(len(sessions), sum(s["client_to_server"]["messages"]["text"] for s in sessions),
      {s["outcome"] for s in sessions}, {s["close"]["clean"] for s in sessions},
      report["capture"]["dropped"], [f["name"] for f in report["capture"]["files"]])
END
check "the report has every session and message" "3 15 {'open'} {True} 0 ['lo']" "$(cat "$tmp/facts")"

# --- Several interfaces, and all of them
ip -n "$ns" link add ws0 type dummy 2>/dev/null && ip -n "$ns" link set ws0 up && {
    start two report -i ws0 -i lo --format=json
    inside python3 $talk --messages 1
    stop
    check "an interface that is silent keeps nobody waiting" 0 "$status"
    has "both are named" '"name":"ws0".*"name":"lo"' "$tmp/two.out"
}
# --- An interface that goes down or is removed is waited for, the others go on
send_frames() { # 20 of them, to ws1
    inside python3 -c '
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("ws2", 0))
for _ in range(20):
    s.send(b"\xff" * 12 + b"\x88\xb5" + b"x" * 60)'
}
if ip -n "$ns" link add ws1 type veth peer name ws2 2>/dev/null; then
    ip -n "$ns" link set ws1 up
    ip -n "$ns" link set ws2 up
    start down report -i ws1 -i lo --format=json -f 'tcp or ether proto 0x88b5'
    ip -n "$ns" link set ws1 down
    await_line 'went down' "$tmp/down.err"
    inside python3 $talk --sessions 1 --messages 2
    ip -n "$ns" link set ws1 up
    await_line 'up again' "$tmp/down.err"
    send_frames
    ip -n "$ns" link del ws1
    await_line 'went down' "$tmp/down.err" 2
    ip -n "$ns" link add ws1 type veth peer name ws2
    ip -n "$ns" link set ws1 up
    ip -n "$ns" link set ws2 up
    await_line 'up again' "$tmp/down.err" 2
    send_frames
    stop
    check "a run survives an interface that goes down" 0 "$status"
    has "it is told" '^wsight: ws1 went down; waiting for it$' "$tmp/down.err"
    has "and when it is back" '^wsight: ws1 is up again$' "$tmp/down.err"
    python3 - "$tmp/down.out" >"$tmp/facts" <<'END'
import json, sys
report = json.load(open(sys.argv[1]))
print([(f["name"], f["live"]["downs"]) for f in report["capture"]["files"]],
      report["capture"]["files"][0]["packets"], [s["handshake"]["target"] for s in report["sessions"]])
END
    check "one that is made anew is captured on, and the other went on" \
        "[('ws1', 2), ('lo', 0)] 40 ['/talk/1']" "$(cat "$tmp/facts")"
fi
start any report -i any --format=json
inside python3 $talk --messages 2
stop
has "any sees loopback, once, and knows it" '"interface":"lo"' "$tmp/any.out"


# --- A run that stops by itself
start count report -i lo -c 10
inside python3 $talk --messages 20
await
check "-c stops it" 0 "$status"
has "after so many packets" '\b10 packets' "$tmp/count.out"
start sessions report -i lo --sessions 2
inside python3 $talk --sessions 4 --messages 1 --hold 0.3
await
check "--sessions stops it" 0 "$status"
start duration report -i lo --duration 1
await
check "--duration stops it" 0 "$status"

# --- A pipe is followed as packets come
if command -v tcpdump >/dev/null 2>&1; then
    mkfifo "$tmp/pipe"
    "$program" follow --format=jsonl - <"$tmp/pipe" >"$tmp/piped.out" 2>&1 &
    pid=$!
    ip netns exec "$ns" tcpdump -i lo -U -w - tcp >"$tmp/pipe" 2>"$tmp/dump.err" &
    dump=$!
    pids="$pids $pid $dump"
    await_line 'listening on lo' "$tmp/dump.err"
    inside python3 $talk --messages 2
    await_line '"type":"end"' "$tmp/piped.out"
    check "lines come while the pipe is open" 4 "$(grep -cE '"opcode":"text"' "$tmp/piped.out")"
    kill $dump
    await
fi
finish
