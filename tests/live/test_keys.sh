#!/bin/bash
# TLS on an interface: a key log that grows while its sessions are captured, and files that carry
# the keys of what is in them, through rotation.
# shellcheck disable=SC2154 # lib.sh sets them
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh
need_namespace
need_certificate
ip netns add "$ns-b"
ip -n "$ns" link add eth0 type veth peer name eth0 netns "$ns-b"
ip -n "$ns" addr add 10.9.8.1/24 dev eth0
ip -n "$ns-b" addr add 10.9.8.2/24 dev eth0
ip -n "$ns" link set eth0 up
ip -n "$ns-b" link set eth0 up
ip netns exec "$ns-b" python3 $talk --listen --address 10.9.8.2 --port 8443 --tls "$tmp" 2>/dev/null &
pids="$pids $!"
until inside python3 -c 'import socket; socket.create_connection(("10.9.8.2", 8443))' 2>/dev/null; do sleep 0.05; done
wss() { # wss KEYLOG ARGUMENT...: a client of the server
    local log=$1
    shift
    SSLKEYLOGFILE=$log inside python3 $talk --remote --address 10.9.8.2 --port 8443 --tls "$tmp" "$@"
}
ids() { "$program" report --format=json "$@" 2>/dev/null | grep -o '"id":"tls\.[a-z_.]*"' | sort -u; }

# --- The key log grows
: >"$tmp/keys"
: >"$tmp/other"
start grow follow -i eth0 -k "$tmp/keys" -k "$tmp/other"
wss "$tmp/keys" --messages 2
await_line 'end +clean' "$tmp/grow.out"
wss "$tmp/other" --sessions 2 --messages 1
await_line 'end +clean' "$tmp/grow.out" 3
stop
check "sessions are read with keys that came while they began" 8 \
    "$(grep -cE '(text|message) .*message [12] of session [12]' "$tmp/grow.out")"
check "none stayed closed" 0 "$(grep -c 'cannot be read' "$tmp/grow.out")"

# --- Saved with their keys, file by file
mkdir "$tmp/out"
chown nobody "$tmp/out"
start save report -i eth0 -k "$tmp/keys" -w "$tmp/out/part.pcapng" --only-sessions --with-keys --rotate-size 40K
wss "$tmp/keys" --sessions 12 --messages 4 --size 900
stop
files=$(find "$tmp/out" -name 'part*' | wc -l)
check "there are several files" yes "$([ "$files" -gt 2 ] && echo yes)"
"$program" follow "$tmp"/out/part* >"$tmp/all" 2>/dev/null
check "together they hold every session" 12 "$(grep -c ' open ' "$tmp/all")"
check "and their messages" 96 "$(grep -c 'text 900 B' "$tmp/all")"
opened=0
for file in "$tmp"/out/part*; do
    # Only what began in the file before cannot be opened: its handshake is there.
    check "each opens by itself what began in it" "" "$(ids "$file" | grep -v tls.handshake_missing)"
    opened=$((opened + $("$program" follow "$file" 2>/dev/null | grep -c ' open ')))
done
check "all but those that were cut in their handshakes" yes "$([ $opened -gt $((12 - files)) ] && echo yes)"
finish
