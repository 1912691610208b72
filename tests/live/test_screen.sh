#!/bin/bash
# The screen on an interface: sessions come while it looks, as nobody, behind the seal.
# shellcheck disable=SC2154 # lib.sh sets them
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh
command -v tmux >/dev/null 2>&1 || skip "tmux is not installed"
need_namespace
screens=0
mkdir "$tmp/folder"
chown nobody "$tmp/folder"
# tmux runs the program as its pane's process; it says its number and how it ended. Each has a server
# of its own, as one that is about to end takes no new session.
start_screen() {
    screens=$((screens + 1))
    server=$ns-$screens
    rm -f "$tmp/pid" "$tmp/status"
    tmux -L "$server" -f /dev/null new-session -d -x 110 -y 20 -c "$tmp/folder" \
        "sh -c 'echo \$\$ >\"$tmp/pid\"; exec ip netns exec $ns env $* \"$program\" ui -i lo' 2>'$tmp/err'; echo \$? >'$tmp/status'"
    await_sealed "$(await_text "$tmp/pid")"
}
on_screen() { # on_screen PATTERN: waits until the screen shows it; the screen is $tmp/screen
    for _ in $(seq $patience); do
        tmux -L "$server" capture-pane -p >"$tmp/screen" 2>/dev/null
        grep -qE -e "$1" "$tmp/screen" && return
        [ ! -s "$tmp/status" ] || return 0
        sleep 0.02
    done
}
keys() { tmux -L "$server" send-keys "$@"; }
state() { sed -n "s/^$1:[[:space:]]*\([0-9a-f]*\).*/\1/p" "/proc/$(cat "$tmp/pid")/status"; }

start_screen ASAN_OPTIONS=detect_leaks=0
on_screen 'No WebSocket session yet'
inside python3 $talk --sessions 2 --messages 3
on_screen /talk/2
has "the interface is in the title" 'wsight .* lo .*live' "$tmp/screen"
has "sessions come" '/talk/1' "$tmp/screen"
has "one after the other" '/talk/2' "$tmp/screen"
check "root was given away" "$(id -u nobody)" "$(state Uid)"
check "and every capability" 0000000000000000 "$(state CapEff)"
check "and every call that is not needed" 2 "$(state Seccomp)"

# --- Saving, in the folder it was started in
keys s
on_screen 'As .*packets'
keys Up Right Down C-u 'messages.jsonl' Enter
on_screen 'saved to messages.jsonl'
check "all messages are saved" 12 "$(grep -c '"opcode":"text"' "$tmp/folder/messages.jsonl")"
keys s
on_screen 'As .*packets'
keys Up Right Down C-u 'messages.jsonl' Enter
on_screen 'it is there already'
has "what is there is not replaced unasked" 'it is there already' "$tmp/screen"
keys C-u '/tmp/elsewhere.jsonl' Enter
on_screen 'it saves where'
has "and nothing is made elsewhere" "a name without '/'" "$tmp/screen"
keys Escape

keys s
on_screen 'As .*packets'
keys C-u 'packets.pcapng' Enter
on_screen 'saved to packets.pcapng'
has "so are all packets, out of files that were opened before" '[0-9]+ packets saved to packets' "$tmp/screen"
"$program" follow --format=jsonl "$tmp/folder/packets.pcapng" >"$tmp/told"
check "and they tell the same messages" 12 "$(grep -c '"opcode":"text"' "$tmp/told")"

# --- Traffic as fast as it comes: sessions of a few messages, and one that goes on
inside timeout 60 python3 $talk --port 8081 --sessions 1 --messages 100000 --pause 0.002 &
pids="$pids $!"
inside timeout 60 python3 $talk --port 8080 --sessions 100000 --messages 2 &
pids="$pids $!"
on_screen ' [0-9]{2,} sessions'
keys g g j
sleep 0.5
keys Enter
on_screen 'GET /talk'
has "the cursor stayed on its session while others came" '^ #2 ' "$tmp/screen"
keys Escape G A
on_screen 'autoscroll on'
last_number() { sed -n 's|.* /talk/\([0-9]*\).*|\1|p' "$tmp/screen" | tail -n 1; }
count() { sed -n 's/.* \([0-9,]*\) sessions.*/\1/p' "$tmp/screen" | tr -d ,; }
on_screen /talk/
before=$(last_number)
sleep 1
on_screen /talk/
check "autoscroll follows what is new" 1 "$(($(last_number) > before))"
keys A p
on_screen 'PAUSED'
grep -v sessions "$tmp/screen" >"$tmp/paused"
before=$(count)
sleep 1
on_screen 'PAUSED'
grep -v sessions "$tmp/screen" >"$tmp/still"
check "paused, the list stands still" "$(cat "$tmp/paused")" "$(cat "$tmp/still")"
keys p
sleep 0.3
on_screen 'live'
check "but capture goes on" 1 "$(($(count) > before))"
check "and no packet was lost" "" "$(grep LOST "$tmp/screen")"
keys W
on_screen 'settings'
has "behind the seal no settings are written" 'while it captures' "$tmp/screen"
keys i
on_screen 'Statistics'
keys q
keys q
check "it ends well" "0 " "$(await_text "$tmp/status") $(cat "$tmp/err")"

# --- Whoever takes it over is killed by what he tries (SIGSYS)
if make_intruder; then
    for what in file socket program; do
        start_screen "INTRUDER=$what" "LD_PRELOAD=$tmp/intruder.so"
        check "a screen that opens a $what" $((128 + 31)) "$(await_text "$tmp/status")"
    done
fi
tmux -L "$server" kill-server 2>/dev/null
finish
