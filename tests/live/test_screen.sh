#!/bin/bash
# The screen on an interface: sessions come while it looks, as nobody.
# shellcheck disable=SC2154 # lib.sh sets them
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh
command -v tmux >/dev/null 2>&1 || skip "tmux is not installed"
need_namespace
server=$ns
# shellcheck disable=SC2016 # the inner shell's
tmux -L "$server" -f /dev/null new-session -d -x 110 -y 20 \
    "echo \$\$ >'$tmp/pid'; exec ip netns exec $ns env ASAN_OPTIONS=detect_leaks=0 '$program' ui -i lo 2>'$tmp/err'"
for _ in $(seq 100); do
    [ "$(sockets)" != 0 ] && break
    sleep 0.05
done
sleep 0.5
inside python3 $talk --sessions 2 --messages 3
for _ in $(seq 100); do
    tmux -L "$server" capture-pane -p >"$tmp/screen"
    grep -q /talk/2 "$tmp/screen" && break
    sleep 0.05
done
has "the interface is in the title" 'wsight .* lo .*live' "$tmp/screen"
has "sessions come" '/talk/1' "$tmp/screen"
has "one after the other" '/talk/2' "$tmp/screen"
check "root was given away" "$(id -u nobody)" "$(sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$(cat "$tmp/pid")/status")"
check "and every capability" 0000000000000000 "$(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$(cat "$tmp/pid")/status")"
tmux -L "$server" kill-server 2>/dev/null
finish
