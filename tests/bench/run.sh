#!/bin/sh
# tests/bench/run.sh [--scale S] [--only NAME]... [--times N] [--callgrind NAME] [--exports NAME]
#
# Measures ./wsight on generated workloads, as CPU time (user and system, the least of N runs, page
# cache warm) in units of a bare libpcap loop over the same file, and compares what it counted with
# the generator's truth. Captures are kept in $BENCH_DIR. Exits with 1 when a count is wrong.
#
#   --scale S         size of the workloads; 1 is 0.4 to 1.2 GB each (default 0.2)
#   --only NAME       chat, deflate, bulk, mixed, churn, lossy or wss; may be repeated
#   --times N         runs of each command (default 3)
#   --exports NAME    instead: what every export, report and follow of NAME writes a second of CPU
#                     time, and its peak memory
#   --callgrind NAME  instead: instructions per packet on a small NAME, under valgrind
#
# Environment: WSIGHT, BUILD, CC, CFLAGS, LDFLAGS, BENCH_DIR.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
WSIGHT=${WSIGHT:-./wsight}
BENCH_DIR=${BENCH_DIR:-${TMPDIR:-/tmp}/wsight-bench}
tools=${BUILD:-build}/bench
scale=0.2
times=3
only=
callgrind=
exports=

usage() {
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
}

while [ $# -gt 0 ]; do
    case $1 in
    --help)
        usage
        exit 0
        ;;
    --scale | --only | --times | --callgrind | --exports)
        [ $# -ge 2 ] || { usage >&2; exit 2; }
        case $1 in
        --scale) scale=$2 ;;
        --only) only="$only $2" ;;
        --times) times=$2 ;;
        --callgrind) callgrind=$2 ;;
        --exports) exports=$2 ;;
        esac
        shift 2
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
done

sh "$here/build.sh" "$tools"
mkdir -p "$BENCH_DIR"
sources=$(cat "$here"/*.[ch] | cksum)

# capture NAME SCALE: generates the workload unless it is there, made by this very generator.
capture() {
    file=$BENCH_DIR/$1-$2.pcap
    if [ ! -f "$file" ] || [ "$(cat "$file.by" 2>/dev/null)" != "$sources" ]; then
        echo "generating $file" >&2
        rm -f "$file.by"
        "$tools/generate" "$1" --scale "$2" -o "$file"
        echo "$sources" >"$file.by"
    fi
    cat "$file" >/dev/null
}

# field NAME TEXT: a number out of one line of JSON.
field() {
    printf '%s\n' "$2" | sed -n "s/.*\"$1\": *\([0-9.]*\).*/\1/p" | head -n 1
}

# truth NAME: a number out of the truth of $file.
truth() {
    field "$1" "$(grep "\"$1\"" "$file.truth" | head -n 1)"
}

measure() { # measure OUTPUT COMMAND...: $runs times; sets cpu, peak_kib and status
    output=$1
    shift
    measured=$("$tools/measure" -n "$runs" -o "$output" "$@" 2>"$BENCH_DIR/errors")
    cpu=$(field cpu "$measured")
    peak_kib=$(field peak_kib "$measured")
    status=$(field status "$measured")
}

row() { # row WORKLOAD WHAT GOAL ALLOWED_MIB: one line of the table from the last measurement
    awk -v workload="$1" -v what="$2" -v goal="$3" -v allowed="$4" -v cpu="$cpu" -v unit="$unit" \
        -v packets="$packets" -v bytes="$bytes" -v peak="$peak_kib" 'BEGIN {
        ratio = unit > 0 ? cpu / unit : 0
        verdict = goal == "-" ? "" : ratio <= goal ? "met" : "ABOVE"
        if (allowed != "-" && peak / 1024 > allowed) verdict = verdict " MEMORY"
        printf "%-8s %-22s %8.3f %8.2f %6s %9.2f %8.0f %9.1f %9s  %s\n", workload, what, cpu, ratio,
            goal, packets / cpu / 1e6, bytes / cpu / 1e6, peak / 1024, allowed, verdict
    }'
}

heading() {
    printf '%-8s %-22s %8s %8s %6s %9s %8s %9s %9s\n' workload what 'CPU s' ratio goal \
        Mpacket/s MB/s 'peak MiB' allowed
}

# ours NAME WHAT GOAL OUTPUT ARGUMENTS...: measures wsight; returns 1 if it cannot do that.
ours() {
    name=$1 what=$2 goal=$3 output=$4
    shift 4
    measure "$output" "$WSIGHT" "$@"
    if [ "$status" != 0 ]; then
        printf '%-8s %-22s skipped: wsight ended with status %s: %s\n' "$name" "$what" "$status" \
            "$(head -n 1 "$BENCH_DIR/errors")"
        return 1
    fi
    row "$name" "$what" "$goal" "$allowed"
}

goal_of() {
    case $1 in
    chat) echo 3.5 ;;
    lossy) echo 4.5 ;;
    churn) echo 5.0 ;;
    mixed | bulk) echo 1.5 ;;
    deflate) echo 1.1 ;;
    *) echo - ;;
    esac
}

# 32 MiB and 2 KiB for each open connection; for deflate also zlib's 40 KiB window each way, for wss
# the keys.
allowed_of() {
    case $1 in
    deflate) more=80 ;;
    wss) more=1 ;;
    *) more=0 ;;
    esac
    awk -v open="$(truth most_open)" -v more=$more \
        'BEGIN { printf "%.0f", 32 + open * (2 + more) / 1024 }'
}

bench() {
    name=$1
    report=$BENCH_DIR/$name-report
    capture "$name" "$scale"
    packets=$(truth packets)
    bytes=$(truth bytes)
    allowed=$(allowed_of "$name")

    runs=$((times * 5)) # a short run, and the unit of all others
    measure /dev/null "$tools/bare" "$file"
    runs=$times
    unit=$cpu
    row "$name" 'bare libpcap loop' - -
    if [ "$name" = deflate ]; then
        loop=$unit
        measure /dev/null "$tools/bare" --inflate "$file.messages" "$file"
        row "$name" 'bare loop and zlib' - -
        unit=$cpu
        echo "         (from here on deflate's unit is the bare loop and zlib, $(awk \
            -v a="$unit" -v b="$loop" 'BEGIN { printf "%.1f", a / b }') bare loops)"
    fi
    ours "$name" report "$(goal_of "$name")" "$report.txt" report "$file" || true
    counted=0
    ours "$name" 'report --format json' - "$report.json" report --format json "$file" && counted=1
    if [ "$name" = chat ]; then
        ours "$name" 'follow --format jsonl' 12 "$report.jsonl" follow --format jsonl "$file" || true
        rm -f "$report.jsonl"
        # Display filters: whole sessions by their port, and messages by what is in them.
        for filter in 'server.port > 0' 'text contains "no such word"'; do
            ours "$name" "report -Y '$(echo "$filter" | cut -c1-10)'" - "$report.txt" \
                report -Y "$filter" "$file" || true
            ours "$name" "follow -Y '$(echo "$filter" | cut -c1-10)'" - "$report.jsonl" \
                follow --format jsonl -Y "$filter" "$file" || true
        done
        rm -f "$report.jsonl"
    fi
    [ $counted = 1 ] || return 0
    check_counts "$report.json"
}

check_counts() { # check_counts REPORT.json: against the truth of $file
    if ! command -v python3 >/dev/null 2>&1; then
        echo "         counts not checked: python3 is not installed"
    elif python3 "$here/check.py" "$1" "$file.truth" >"$BENCH_DIR/checked"; then
        echo "         $(cat "$BENCH_DIR/checked")"
    else
        sed 's/^/         /' "$BENCH_DIR/checked"
        wrong=1
    fi
}

# What TLS adds to a workload, in units of what openssl speed takes to decrypt as many bytes in
# records of their average length.
bench_wss() {
    inside=$1
    capture "$inside" "$scale"
    runs=$times
    measure /dev/null "$WSIGHT" report "$file"
    plain=$cpu
    capture "wss-$inside" "$scale"
    packets=$(truth packets)
    bytes=$(truth bytes)
    records=$(truth records)
    content=$(truth record_bytes)
    allowed=$(allowed_of wss)
    runs=$((times * 5))
    measure /dev/null "$tools/bare" "$file"
    runs=$times
    unit=$cpu
    row "wss-$inside" 'bare libpcap loop' - -
    ours "wss-$inside" 'report with keys' - "$BENCH_DIR/wss-report.txt" report -k "$file.keys" "$file" ||
        return 0
    rate=$(openssl speed -evp aes-128-gcm -aead -decrypt -bytes $((content / records)) -seconds 2 -mr 2>/dev/null |
        sed -n 's/^+F:.*://p')
    awk -v whole="$cpu" -v plain="$plain" -v content="$content" -v records="$records" -v rate="$rate" 'BEGIN {
        speed = content / rate
        printf "         decrypting adds %.3f s; openssl speed takes %.3f s for as many records of %d bytes: %.2f times it, goal 1.5  %s\n",
            whole - plain, speed, content / records, (whole - plain) / speed,
            (whole - plain) / speed <= 1.5 ? "met" : "ABOVE"
    }'
    "$WSIGHT" report --format=json -k "$file.keys" "$file" >"$BENCH_DIR/wss-report.json"
    check_counts "$BENCH_DIR/wss-report.json"
}

# exported WHAT ARGUMENT...: what that writes to $made, a file or a folder.
exported() {
    what=$1
    shift
    measure "$made.out" "$WSIGHT" "$@"
    size=$(du -sb --total "$made.out" "$made" 2>/dev/null | awk '/total$/ { print $1 }')
    awk -v what="$what" -v cpu="$cpu" -v size="$size" -v peak="$peak_kib" -v status="$status" 'BEGIN {
        printf "%-22s %8.3f %9.1f %8.1f %9.1f  %s\n", what, cpu, size / 1e6, size / cpu / 1e6,
            peak / 1024, status == 0 ? "" : "status " status
    }'
    rm -rf "$made" "$made.out"
}

export_all() {
    capture "$1" "$scale"
    made=$BENCH_DIR/exported
    runs=1
    echo "$1: $(truth sessions) sessions, $(truth packets) packets"
    printf '%-22s %8s %9s %8s %9s\n' what 'CPU s' 'output MB' MB/s 'peak MiB'
    exported report report "$file"
    for format in json html markdown; do
        exported "report $format" report --format=$format "$file"
    done
    for format in text jsonl ecs; do
        exported "follow $format" follow --format=$format "$file"
    done
    for format in har csv tsv zeek zeek-json eve pcapng sqlite payloads; do
        exported "export $format" export $format -o "$made" "$file"
    done
    for format in csv zeek; do
        exported "export $format messages" export $format --table=messages -o "$made" "$file"
    done
}

instructions() { # instructions NAME COMMAND...: counted by callgrind
    counts=$BENCH_DIR/callgrind.$1.out
    shift
    valgrind --tool=callgrind --callgrind-out-file="$counts" "$@" 2>&1 >/dev/null |
        sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p'
}

per_packet() { # per_packet COMMAND OPTION...
    instructions per_packet "$WSIGHT" "$@" "$file" |
        awk -v what="$*" -v packets="$packets" '{ printf "  %-44s %6.0f\n", what, $1 / packets }'
}

count_instructions() {
    capture "$1" 0.02
    packets=$(truth packets)
    bare=$(instructions bare "$tools/bare" "$file")
    # shellcheck disable=SC2046 # an option and its argument, or nothing
    whole=$(instructions "$1" "$WSIGHT" report $([ ! -f "$file.keys" ] || echo "-k $file.keys") "$file")
    awk -v name="$1" -v packets="$packets" -v bare="$bare" -v whole="$whole" 'BEGIN {
        printf "%s: %d packets, %.0f instructions a packet (bare libpcap loop: %.0f)\n", name,
            packets, whole / packets, bare / packets
    }'
    for command in report follow; do
        per_packet "$command" # without a display filter, and with two kinds
        per_packet "$command" -Y 'server.port > 0'
        per_packet "$command" -Y 'text contains "no such word"'
    done
    echo "profile: callgrind_annotate $BENCH_DIR/callgrind.$1.out"
}

[ -x "$WSIGHT" ] || { echo "run.sh: no program $WSIGHT; use 'make bench'" >&2; exit 1; }
if [ -n "$callgrind" ]; then
    command -v valgrind >/dev/null 2>&1 || { echo "run.sh: valgrind is not installed" >&2; exit 1; }
    count_instructions "$callgrind"
    exit 0
fi
if [ -n "$exports" ]; then
    export_all "$exports"
    exit 0
fi
wrong=0
heading
for name in ${only:-chat deflate bulk mixed churn lossy wss}; do
    if [ "$name" = wss ]; then
        bench_wss chat
        bench_wss bulk
    else
        bench "$name"
    fi
done
exit $wrong
