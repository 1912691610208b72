#!/bin/sh
# The screen in a real terminal emulator: keys are sent, the pane is read. Skipped without tmux.

: "${TEST_TMP:?run by tests/run.sh}"
command -v tmux >/dev/null 2>&1 || {
    echo "tmux is not installed"
    exit 77
}
case $WSIGHT in
/*) program=$WSIGHT ;;
*) program=$PWD/$WSIGHT ;;
esac
capture=$PWD/captures/tour.pcapng
TMUX_TMPDIR=$TEST_TMP TZ=UTC0 XDG_CONFIG_HOME=/nonexistent LC_ALL=C.UTF-8
export TMUX_TMPDIR TZ XDG_CONFIG_HOME LC_ALL
unset TMUX NO_COLOR
passed=0 failed=0

pane() { tmux -f /dev/null capture-pane -p -t screen 2>/dev/null; }
keys() { tmux -f /dev/null send-keys -t screen "$@"; }
shows() { # shows SENTENCE TEXT: within a few seconds
    tries=0
    until pane | grep -qF -e "$2"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ]; then
            failed=$((failed + 1))
            printf 'not so: %s\n  expected: %s\n' "$1" "$2"
            pane
            return
        fi
        sleep 0.05
    done
    passed=$((passed + 1))
}

trap 'tmux -f /dev/null kill-server 2>/dev/null' EXIT
tmux -f /dev/null new-session -d -s screen -x 80 -y 24 "env PS1='prompt>' sh -i" || exit 77
keys "'$program' '$capture'" Enter
shows "wsight FILE on a terminal opens the screen" "40 sessions"
shows "with the list of sessions" "Host and path"
keys G
shows "G goes to the last" "  40 "
keys g g Enter
shows "Enter opens the ladder" "101 Switching Protocols"
keys j j Enter
shows "and then the message" "Hello"
keys 3
shows "as a hex dump" "48 65 6c 6c 6f"
keys q q /
keys "mqtt" Enter Enter
shows "search jumps" "mqtt"
tmux -f /dev/null resize-window -t screen -x 120 -y 30
shows "a larger window shows more" "F1 help"
keys q f "opcode == ping" Enter
shows "the filter applies" "of 40"
keys C-z
shows "Ctrl-Z gives the shell back" "prompt>"
keys "fg" Enter
shows "and fg the screen" "of 40"
keys q
shows "q quits" "prompt>"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
