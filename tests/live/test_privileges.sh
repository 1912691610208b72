#!/bin/bash
# What the running program may still do: nobody, without capabilities, behind a seccomp filter.
# shellcheck disable=SC2154 # lib.sh sets them
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh
need_namespace
# The sanitizers' own bookkeeping is no part of the program.
start held report -i lo --every 1 -o "$tmp/report.txt"
field() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status" | tr '\t' ' '; }
nobody=$(id -u nobody)
check "root was given away" "$nobody $nobody $nobody $nobody" "$(field Uid)"
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
    check "$set is empty" 0000000000000000 "$(field $set)"
done
check "no new privileges" 1 "$(field NoNewPrivs)"
check "the filter is there" 2 "$(field Seccomp)"
inside python3 $talk --sessions 2
await_line 'Findings' "$tmp/report.txt"
stop
check "it works and ends well" 0 "$status"
has "the interval had its sessions" '/talk/2' "$tmp/report.txt"

start daemon report -i lo --user daemon
check "--user names another" "$(id -u daemon)" "$(field Uid | cut -d' ' -f1)"
stop
inside "$program" report -i lo --user no-such-user >/dev/null 2>"$tmp/err"
check "a user that is not there" 1 $?
has "is told" 'there is no user no-such-user' "$tmp/err"

SUDO_UID=1234 SUDO_GID=1235 start sudo follow -i lo
check "under sudo it is who called it" "1234 1235" "$(field Uid | cut -d' ' -f1) $(field Gid | cut -d' ' -f1)"
stop

# --- Whoever takes it over behind the seal is killed by what he tries (SIGSYS)
if make_intruder; then
    for command in report follow; do
        for what in file socket program; do
            INTRUDER=$what LD_PRELOAD=$tmp/intruder.so start "$what" $command -i lo
            await
            check "$command that opens a $what" $((128 + 31)) "$status"
        done
        INTRUDER=nothing LD_PRELOAD=$tmp/intruder.so start nothing $command -i lo -c 1
        inside python3 $talk --messages 1
        await
        check "$command that tries nothing" "0 " "$status $(cat "$tmp/nothing.err")"
    done
fi

"$program" --version --verbose >"$tmp/version"
has "what it holds is told" '^this process holds: root, .*CAP_NET_RAW' "$tmp/version"

if command -v setpriv >/dev/null 2>&1; then
    inside setpriv --reuid=nobody --clear-groups --inh-caps=-all --bounding-set=-all "$program" report -i lo \
        >/dev/null 2>"$tmp/err"
    check "without the right" 1 $?
    has "it says what is missing" 'CAP_NET_RAW.*sudo.*make setcap' "$tmp/err"
fi
finish
