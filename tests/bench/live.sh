#!/bin/bash
# tests/bench/live.sh [--seconds N] [RATE...]: the highest rate of packets at which nothing is lost.
#
# Own sender and generator (chat), a veth pair in two network namespaces made here and removed. At
# each rate 'tcpdump -w /dev/null' and 'wsight report' capture in turn; what they lost is what they
# and the kernel say, and wsight's messages are compared with what a run over the file finds.
# Needs root. Environment: WSIGHT, BUILD, CC, CFLAGS, LDFLAGS, BENCH_DIR.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${WSIGHT:-./wsight}")
folder=${BENCH_DIR:-${TMPDIR:-/tmp}/wsight-bench}
tools=${BUILD:-build}/bench
seconds=4
if [ "${1-}" = --seconds ]; then
    seconds=$2
    shift 2
fi
[ $# -gt 0 ] || set -- 100000 200000 300000 400000 500000 600000
[ "$(id -u)" = 0 ] || { echo "bench-live: only root can make network namespaces" >&2; exit 1; }

sh "$here/build.sh" "$tools"
mkdir -p "$folder"
file=$folder/live-chat.pcap
[ -f "$file" ] || "$tools/generate" chat --scale 1 -o "$file"

from=wsight-from-$$ to=wsight-to-$$
trap 'ip netns del $from 2>/dev/null; ip netns del $to 2>/dev/null; rm -f "$folder"/live.*' EXIT
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

send() { ip netns exec $from "$tools/send" "$file" out "$1" "$seconds" >"$folder/live.sent"; }

printf '%-10s %-22s %10s %10s %10s %10s %10s\n' rate program sent captured dropped messages expected
for rate; do
    ip netns exec $to tcpdump -i in -B 65536 -s 0 -w /dev/null 2>"$folder/live.err" &
    dump=$!
    sleep 1
    send "$rate"
    sleep 1
    kill -INT $dump
    wait $dump || :
    read -r sent _ _ took _ <"$folder/live.sent"
    reached=$(awk -v n="$sent" -v s="$took" 'BEGIN { printf "%.0f", n / s }')
    printf '%-10s %-22s %10s %10s %10s\n' "$reached" 'tcpdump -w /dev/null' "$sent" \
        "$(sed -n 's/^\([0-9]*\) packets captured/\1/p' "$folder/live.err")" \
        "$(sed -n 's/^\([0-9]*\) packets dropped by kernel/\1/p' "$folder/live.err")"

    ip netns exec $to "$program" report -i in --format json >"$folder/live.json" 2>"$folder/live.err" &
    ours=$!
    sleep 1
    send "$rate"
    sleep 1
    kill -TERM $ours
    wait $ours || :
    read -r sent _ _ took _ <"$folder/live.sent"
    reached=$(awk -v n="$sent" -v s="$took" 'BEGIN { printf "%.0f", n / s }')
    "$program" report --format json -c "$sent" "$file" >"$folder/live.expected" 2>/dev/null
    read -r captured dropped messages < <(count "$folder/live.json")
    read -r _ _ expected < <(count "$folder/live.expected")
    printf '%-10s %-22s %10s %10s %10s %10s %10s\n' "$reached" 'wsight report' "$sent" "$captured" \
        "$dropped" "$messages" "$expected"
done
