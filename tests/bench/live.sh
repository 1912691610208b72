#!/bin/bash
# tests/bench/live.sh [--seconds N] [--rounds N]: the highest rate of packets at which nothing is lost.
#
# Own sender and generator (chat), a veth pair in two network namespaces made here and removed.
# 'tcpdump -w /dev/null' and 'wsight report' capture in turn, with rings of the same size: first at
# the rate that the sender reaches, then, while packets are lost, at less and less. What they lost is
# what they and the kernel say; wsight's messages are compared with what a run over the file finds.
# At last wsight is given 95 % of the best of tcpdump, which is the goal. The processor's time for
# each packet tells what a faster sender would show. Needs root.
# Environment: WSIGHT, BUILD, CC, CFLAGS, LDFLAGS, BENCH_DIR.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${WSIGHT:-./wsight}")
folder=${BENCH_DIR:-${TMPDIR:-/tmp}/wsight-bench}
tools=${BUILD:-build}/bench
seconds=3
rounds=2
steps=8    # rates tried a round and program
less=93    # percent of the rate before
goal=95    # percent of tcpdump's best
all=100000000 # more a second than anybody sends
while [ $# -ge 2 ]; do
    case $1 in
    --seconds) seconds=$2 ;;
    --rounds) rounds=$2 ;;
    *) break ;;
    esac
    shift 2
done
[ $# = 0 ] || { echo "usage: live.sh [--seconds N] [--rounds N]" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "bench-live: only root can make network namespaces" >&2; exit 1; }
command -v tcpdump >/dev/null || { echo "bench-live: tcpdump is not installed" >&2; exit 1; }

sh "$here/build.sh" "$tools"
mkdir -p "$folder"
file=$folder/live-chat.pcap
[ -f "$file" ] || "$tools/generate" chat --scale 1 -o "$file"

from=wsight-from-$$ to=wsight-to-$$
capturing=
clean_up() {
    [ -z "$capturing" ] || kill -9 "$capturing" 2>/dev/null || :
    ip netns del $from 2>/dev/null || :
    ip netns del $to 2>/dev/null || :
    rm -f "$folder"/live.*
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
ip netns add $from
ip netns add $to
ip -n $from link add out type veth peer name in netns $to
for end in "$from out" "$to in"; do
    # shellcheck disable=SC2086 # two words
    ip -n ${end% *} link set ${end#* } up arp off
done
sleep 0.5

count() { python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))
t = r["totals"]
print(r["capture"]["packets"], r["loss"]["dropped_packets"],
      sum(t[d]["messages"]["text"] for d in ("client_to_server", "server_to_client")))' "$1"; }

start_tcpdump() {
    ip netns exec $to tcpdump -i in -B 65536 -s 0 -w /dev/null 2>"$folder/live.err" &
}
start_wsight() {
    ip netns exec $to "$program" report -i in --format json >"$folder/live.json" 2>"$folder/live.err" &
}

# What the program found: sets captured, dropped, messages and expected.
read_tcpdump() {
    captured=$(sed -n 's/^\([0-9]*\) packets captured/\1/p' "$folder/live.err")
    dropped=$(sed -n 's/^\([0-9]*\) packets dropped by kernel/\1/p' "$folder/live.err")
    messages=- expected=-
}
read_wsight() {
    "$program" report --format json -c "$sent" "$file" >"$folder/live.expected" 2>/dev/null
    read -r captured dropped messages < <(count "$folder/live.json")
    read -r _ _ expected < <(count "$folder/live.expected")
}

# try WHO RATE: sends while the program captures, and prints a line. Sets reached, the rate that the
# sender came to, and lossless.
try() {
    "start_$1"
    capturing=$!
    sleep 1
    ip netns exec $from "$tools/send" "$file" out "$2" "$seconds" >"$folder/live.sent"
    sleep 1
    ticks=$(awk '{ print $14 + $15 }' /proc/$capturing/stat)
    kill -TERM $capturing # from a script, Ctrl-C is ignored by what runs in the background
    wait $capturing || :
    capturing=
    read -r sent _ _ took _ <"$folder/live.sent"
    reached=$(awk -v n="$sent" -v s="$took" 'BEGIN { printf "%.0f", n / s }')
    "read_$1"
    cost=$(awk -v t="$ticks" -v hz="$(getconf CLK_TCK)" -v n="$sent" 'BEGIN { printf "%.2f us", t / hz / n * 1e6 }')
    printf '%-10s %-8s %10s %10s %10s %10s %10s %10s\n' "$reached" "$1" "$sent" "$captured" "$dropped" "$cost" \
        "$messages" "$expected"
    lossless=$((dropped == 0 && captured >= sent))
    [ "$messages" = "$expected" ] || lossless=0
}

declare -A best=([tcpdump]=0 [wsight]=0)
# search WHO: down from the sender's own rate until nothing is lost.
search() {
    local rate=$all
    for _ in $(seq $steps); do
        try "$1" "$rate"
        if [ $lossless = 1 ]; then
            [ "$reached" -le "${best[$1]}" ] || best[$1]=$reached
            return
        fi
        rate=$((reached * less / 100))
        [ $rate -gt "${best[$1]}" ] || return 0 # less than was held before
    done
}

printf '%-10s %-8s %10s %10s %10s %10s %10s %10s\n' 'packets/s' program sent captured dropped 'a packet' messages expected
for _ in $(seq "$rounds"); do
    search tcpdump
    search wsight
done
wanted=$((best[tcpdump] * goal / 100))
reached=${best[wsight]} lossless=1
for _ in 1 2 3; do # the machine has others to serve, too
    [ $((best[wsight] < wanted && wanted > 0)) = 1 ] || break
    try wsight $wanted
    [ $lossless = 0 ] || [ "$reached" -le "${best[wsight]}" ] || best[wsight]=$reached
done
echo
echo "highest packets/s without loss: tcpdump ${best[tcpdump]}, wsight ${best[wsight]}:" \
    "$(awk -v a="${best[wsight]}" -v b="${best[tcpdump]}" 'BEGIN { printf "%.0f %%", (b > 0 ? a / b * 100 : 0) }') (goal $goal %)"
echo "$(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg): the sender has one of them to itself only when nobody else works"
