#!/bin/bash
# More than --memory holds: the oldest connections, sessions and bodies give way, which is counted, and the
# process stays as large as it is.
# shellcheck disable=SC2154 # lib.sh sets them
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh
# What was freed is kept back by the address sanitizer, which is not what is looked at here.
export ASAN_OPTIONS="$ASAN_OPTIONS:quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
need_namespace
command -v curl >/dev/null 2>&1 || skip "curl is not installed"
ip -n "$ns" link add ws1 type veth peer name ws2 2>/dev/null || skip "no veth pair can be made here"
ip -n "$ns" link set ws1 up
ip -n "$ns" link set ws2 up
churn() { inside python3 tests/live/churn.py ws2 --rate 30000 "$@"; }
resident() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"; }
metric() { inside curl -s -m 5 http://127.0.0.1:9100/metrics | sed -n "s/^wsight_$1 //p"; }
grown() { # grown BEFORE AFTER: by more than a tenth. The thread sanitizer never gives its shadow back.
    [ "${BUILD##*/}" = tsan ] && return
    echo "$1 kB, then $2 kB"
    [ "$2" -gt $(($1 + $1 / 10 + 500)) ] && echo grown
}

# --- Connections that never end, beside one that goes on: the flow table gives way
start open report -i ws1 --format=json --memory 48M --metrics 9100
churn --sessions 12000 --messages 1 --keep --long >/dev/null
first=$(resident "$pid")
churn --sessions 12000 --messages 1 --keep --long --seed 2 >/dev/null
check "memory does not grow" "" "$(grown "$first" "$(resident "$pid")" | grep grown)"
echo "$(metric memory_bytes) bytes are allocated"
check "what it allocates stays within the limit" 1 "$(($(metric memory_bytes) < 48 * 1024 * 1024))"
stop
check "it ends well" 0 "$status"
python3 - "$tmp/open.out" >"$tmp/facts" <<'END'
import json, sys
loss = json.load(open(sys.argv[1]))["loss"]
print(loss["connections_evicted"] > 10000, loss["dropped_packets"])
END
check "connections gave way, which is counted, and no packet was lost" "True 0" "$(cat "$tmp/facts")"

# --- A screen keeps sessions that have ended, and their bodies, until there is no room
command -v tmux >/dev/null 2>&1 || finish
tmux -L "$ns" -f /dev/null new-session -d -x 120 -y 20 \
    "sh -c 'echo \$\$ >\"$tmp/pid\"; exec ip netns exec $ns env ASAN_OPTIONS=$ASAN_OPTIONS \"$program\" ui -i ws1 --memory 32M' 2>'$tmp/err'"
screen=$(await_text "$tmp/pid")
await_sealed "$screen"
shows() { # shows PATTERN: waits for it
    for _ in $(seq $patience); do
        tmux -L "$ns" capture-pane -p >"$tmp/screen" 2>/dev/null
        grep -qE -e "$1" "$tmp/screen" && return
        kill -0 "$screen" 2>/dev/null || return 0
        sleep 0.02
    done
}
churn --sessions 6000 --messages 3 --size 1200 --long >/dev/null
shows 'sessions gave way so far'
first=$(resident "$screen")
has "what is oldest gives way" 'no more memory .--memory.: [0-9,]+ sessions gave way so far' "$tmp/screen"
churn --sessions 6000 --messages 3 --size 1200 --long --seed 2 >/dev/null
shows ' 12,00[0-9] sessions'
has "all that came is counted" ' 12,00[0-9] sessions' "$tmp/screen"
check "memory does not grow" "" "$(grown "$first" "$(resident "$screen")" | grep grown)"
tmux -L "$ns" send-keys i
shows Statistics
tmux -L "$ns" send-keys q G Enter
shows Flow
has "the newest is there" 'session/6000|/long' "$tmp/screen"
tmux -L "$ns" kill-server 2>/dev/null
finish
