#!/bin/bash
# The program from outside: what it reads and writes, what it says when it cannot, and its exit status.

failed=0 passed=0
tmp=${TEST_TMP:?run by tests/run.sh}
tour=captures/tour.pcapng
small=captures/ipv6.pcap

check() { # check SENTENCE EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'not so: %s\n  expected: %s\n  found:    %s\n' "$1" "$2" "$3"
    fi
}

# run STATUS ARGUMENT...: runs the program; its outputs are $tmp/out and $tmp/err.
run() {
    local expected=$1 status
    shift
    "$WSIGHT" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    status=$?
    check "exit status of wsight $*" "$expected" "$status"
}
says() { # says SENTENCE: standard error has this line
    check "'$1' is said" 1 "$(grep -cxF -- "wsight: $1" "$tmp/err")"
}
silent() { check "nothing is said: $1" "" "$(cat "$tmp/err")"; }

# --- Help, version, usage
run 0 --help
check "help goes to standard output" "Usage: wsight [COMMAND] [OPTION]... FILE..." "$(head -n 1 "$tmp/out")"
silent "help"
for command in report follow registry interfaces; do
    run 0 $command --help
    check "help of $command" "Usage: wsight $command [OPTION]..." "$(head -n 1 "$tmp/out" | sed 's/\(.*\]\.\.\.\) .*/\1/')"
done
run 0 --version
check "the version is one line" 1 "$(grep -cE '^wsight [0-9.]+$' "$tmp/out")"
run 0 --version --verbose
check "libraries and the registry's edition" 2 "$(grep -cE '^(libpcap version|registry of [0-9]{4}-)' "$tmp/out")"
run 2
says "no capture file given. For example: wsight report capture.pcapng"
check "and where to find more" "try 'wsight --help'" "$(tail -n 1 "$tmp/err")"
run 2 reprot
run 2 --nonsense $small
run 2 report --format=xml $small
run 2 -f 'tcp prot 80' $small
check "a wrong filter is told" 1 "$(grep -c '^wsight: ' "$tmp/err")"
check "and nothing is reported" "" "$(cat "$tmp/out")"

# --- Display filters
run 2 report -Y 'opcode == ping and hots == a' $small
says "display filter: there is no field 'hots': did you mean 'host'?"
says "    opcode == ping and hots == a"
says "                       ^"
check "and nothing is reported" "" "$(cat "$tmp/out")"
run 2 follow -Y 'tcp port 80' $small
says "this looks like a capture filter: -f takes those"
run 2 follow -Y 'host 10.0.0.1' $small
says "this looks like a capture filter: -f takes those"
run 2 report -f 'opcode == ping' $small
says "as a display filter it makes sense: -Y takes those"
run 2 report -Y 'host == "a b' $small
check "a mistake of its own is no capture filter" 0 "$(grep -c 'looks like' "$tmp/err")"
run 0 report -Y 'outcome == refused' $tour
check "a report of what is selected" "5 WebSocket sessions: 5 refused" "$(sed -n '/WebSocket sessions/p' "$tmp/out")"
check "it tells of the rest" "  only sessions that match: outcome == refused (35 sessions left out)" \
    "$(grep 'left out' "$tmp/out")"
run 0 report --format=html -Y 'path contains "</p>" or outcome == refused' $tour
check "the page tells of it, too" 1 \
    "$(grep -c 'only sessions that match path contains &#34;&#60;/p&#62;&#34; or outcome == refused, 35 left out' "$tmp/out")"
run 0 report --format=markdown -Y 'outcome == refused' $tour
check "and Markdown" "- only sessions that match <code>outcome == refused</code>, 35 left out" \
    "$(grep 'left out' "$tmp/out")"
run 0 follow -Y 'opcode == ping' $tour
check "only such messages are followed" "ping 15" \
    "$(awk '$3 == "<" || $3 == ">" {print $4}' "$tmp/out" | sort | uniq -c | awk '{print $2, $1}')"
check "with their sessions' openings and ends" 1 \
    "$(awk '$3 ~ /^(open|joined|refused)$/ {a[$2]++} $3 == "end" {b[$2]++} $3 ~ /[<>]/ {c[$2]++}
        END {ok = length(c) > 3; for (s in c) if (a[s] != 1 || b[s] != 1) ok = 0
             print ok && length(a) == length(c) && length(b) == length(c)}' "$tmp/out")"
run 0 follow --bodies=none -Y 'text contains "hello"' $tour
check "bodies are asked without being shown" 0 "$(grep -ci hello "$tmp/out")"
check "... and messages found" 1 "$(grep -cE '#1 +> +text 5 B$' "$tmp/out")"
run 0 export csv -Y 'server.port == 8082' $tour
check "exports are selected, too" 9 "$(wc -l <"$tmp/out")"
run 0 export csv --table=messages -Y 'opcode == close' $tour
check "their messages, too" close "$(tail -n +2 "$tmp/out" | cut -d, -f9 | sort -u)"
run 0 report --fail-on=error -Y 'severity == note' $tour
run 4 report --fail-on=error -Y 'severity == error' $tour

# --- The name that was asked for in TLS, when it is not that of the host
run 0 follow -k captures/wss.keys captures/wss.pcap
check "is shown" 2 "$(grep -c ' open .*/tls13.*, TLS 1.3, for chat.example' "$tmp/out")"
run 0 follow -k captures/firefox-tls.keys captures/firefox-tls.pcap
check "is not there without one" 0 "$(grep -c ', for ' "$tmp/out")"

# --- A server's private key
run 0 report --rsa-key=captures/tls-rsa.pem captures/tls-rsa.pcap
check "opens RSA key exchange" 1 "$(grep -c "^22 WebSocket sessions: 22 opened" "$tmp/out")"
run 1 report --rsa-key=$small captures/tls-rsa.pcap
check "a file that is none" 1 "$(grep -c "^wsight: $small: no private key in PEM" "$tmp/err")"
run 1 report --rsa-key="$tmp/none.pem" captures/tls-rsa.pcap
check "or not there" 1 "$(grep -c "none.pem: No such file" "$tmp/err")"

run 0 follow --frames -Y 'fragmented and frame.fin == 0' captures/ws-fragmented.pcap
check "frames come with the messages they make up" "$(grep -c '[<>]  *frame ' "$tmp/out")" \
    "$(grep -oE '[0-9]+ frames' "$tmp/out" | awk '{n += $1} END {print n}')"

run 0 follow -Y 'close == 1002' $tour
closed=$(grep -c '[<>]  ' "$tmp/out")
check "the first message of a session is told by how it ends" 1 "$(grep -c '#1 .*text 5 B: Hello' "$tmp/out")"
run 0 follow -Y 'not close == 1002' $tour
others=$(grep -c '[<>]  ' "$tmp/out")
run 0 follow $tour
check "and the rest by the opposite" "$(grep -c '[<>]  ' "$tmp/out")" "$((closed + others))"
"$WSIGHT" follow -Y 'close == 1002' - <$tour >"$tmp/out" 2>"$tmp/err"
check "standard input is read once: what is known by then counts" 0 "$(grep -c 'text 5 B: Hello' "$tmp/out")"
run 0 export csv --table=messages -Y 'opcode == text and closed == clean and messages > 20' $tour
messages=$(($(wc -l <"$tmp/out") - 1))
run 0 follow -Y 'closed == clean and messages > 20' $tour
check "fields of messages and of ends together" "$(grep -cE '[<>]  +text ' "$tmp/out")" "$messages"

printf 'size 100 30\nsave %s/screen\n' "$tmp" >"$tmp/keys"
run 0 ui -Y 'opcode == ping and time_relative > 1' --script "$tmp/keys" $tour
check "the screen begins with the filter" 1 "$(grep -cE '^ *[^ ]+ +[0-9]+ .*10\.77\.0\.1' "$tmp/screen.txt")"

# --- Fields
run 0 fields
check "every group has its heading" "SESSION HANDSHAKE TLS FINDING MESSAGE FRAME other" \
    "$(grep -oE '^[A-Za-z]+' "$tmp/out" | tr '\n' ' ' | sed 's/ $//')"
run 0 fields ja4
check "fields by a word" "tls.ja4 tls.handshake.ja4" \
    "$(awk '/^  / {print $1}' "$tmp/out" | tr '\n' ' ' | sed 's/ $//')"
run 0 fields --format=json websocket.mask
check "as JSON" websocket.mask "$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["fields"][0]["name"])' "$tmp/out")"
run 1 fields no-such-thing
says "no field has to do with 'no-such-thing'"
run 2 fields --format=html
# --- Keys are saved with their sessions
keyed=captures/h2
digests_of() { "$WSIGHT" report --format=json --digest "$@" 2>/dev/null | grep -o '"sha256":"[0-9a-f]*"' | sort; }
run 0 report -k $keyed.keys -w "$tmp/with.pcapng" --only-sessions --with-keys $keyed.pcap
check "they open the saved file" "$(digests_of -k $keyed.keys $keyed.pcap)" "$(digests_of "$tmp/with.pcapng")"
check "each secret once" "$(grep -acE '^(CLIENT|SERVER)_(HANDSHAKE_)?TRAFFIC|^CLIENT_RANDOM' $keyed.keys)" \
    "$(grep -aoE '(CLIENT|SERVER)_(HANDSHAKE_)?TRAFFIC_SECRET|CLIENT_RANDOM' "$tmp/with.pcapng" | wc -l)"
run 0 report -w "$tmp/rsa.pcapng" --rsa-key=captures/tls-rsa.pem --only-sessions --with-keys captures/tls-rsa.pcap
check "so do secrets that followed from a private key" "$(digests_of --rsa-key=captures/tls-rsa.pem captures/tls-rsa.pcap)" \
    "$(digests_of "$tmp/rsa.pcapng")"
cat captures/tls-rsa.pem $keyed.keys captures/wss.keys >"$tmp/all.keys"
run 0 report -k "$tmp/all.keys" -w "$tmp/some.pcapng" --only-sessions --with-keys $keyed.pcap
check "keys of others stay out" 0 "$(grep -ac "$(sed -n 's/^[A-Z_0-9]* \([0-9a-f]*\) .*/\1/p' captures/wss.keys | head -1)" "$tmp/some.pcapng")"
if command -v tshark >/dev/null 2>&1; then
    run 0 report -k captures/wss.keys -w "$tmp/wss.pcapng" --only-sessions --with-keys captures/wss.pcap
    HOME=$tmp tshark -r "$tmp/wss.pcapng" -Y websocket >"$tmp/shark" 2>/dev/null
    check "tshark opens it" 1 "$(grep -c 'WebSocket Text' "$tmp/shark" | sed 's/^[1-9][0-9]*/1/')"
fi
run 2 report --with-keys -w "$tmp/x.pcapng" $keyed.pcap
says "--with-keys goes with -w FILE --only-sessions: it saves their keys"

# --- Registry
run 0 registry 1006
check "the registry knows 1006" 1 "$(grep -c 'Abnormal Closure' "$tmp/out")"
run 1 registry no-such-name
run 1 registry --registry=$small 1006
check "a registry that is none" "" "$(cat "$tmp/out")"

# --- Inputs
run 0 $small
cp "$tmp/out" "$tmp/small.txt"
run 0 report $small
check "report is the default" "" "$(cmp "$tmp/out" "$tmp/small.txt")"
run 0 -nq -r $small
check "tcpdump's habits" "" "$(cmp "$tmp/out" "$tmp/small.txt")"
"$WSIGHT" --format=json - <$small | sed 's/"name":"-"/"name":"captures\/ipv6.pcap"/' >"$tmp/stdin.json"
run 0 --format=json $small
check "standard input gives the same as the file" "" "$(cmp "$tmp/out" "$tmp/stdin.json")"
gzip -c $small >"$tmp/small.gz"
run 0 --format=json "$tmp/small.gz"
check "so does gzip" 1 "$(grep -c '"format":"pcap, gzip"' "$tmp/out")"
run 0 --format=json $small captures/vlan.pcap
check "two files are two" 2 "$(grep -o '"name":"captures/[a-z0-9]*.pcap"' "$tmp/out" | wc -l)"
run 1 "$tmp/none.pcap"
says "$tmp/none.pcap: No such file or directory"
check "no report of nothing" "" "$(cat "$tmp/out")"
run 1 "$tmp/none.pcap" $small
check "the files that can be read are reported on" 1 "$(grep -c "ipv6.pcap" "$tmp/out")"
run 1 "$tmp"
says "$tmp is a directory, not a capture file"
: >"$tmp/empty"
run 1 "$tmp/empty"
says "$tmp/empty is empty"
run 1 README.md
check "what is no capture" 1 "$(grep -c '^wsight: README.md is not a pcap or pcapng file' "$tmp/err")"
head -c 5000 $small >"$tmp/cut.pcap"
run 1 --format=json "$tmp/cut.pcap"
check "a truncated file is told" 1 "$(grep -c "^wsight: $tmp/cut.pcap ends within a packet" "$tmp/err")"
check "and reported on, with a finding" 1 "$(grep -c 'capture.truncated' "$tmp/out" | sed 's/[1-9][0-9]*/1/')"
printf 'x' >"$tmp/$(printf 'bad\033[31mname')"
run 1 "$tmp/$(printf 'bad\033[31mname')"
check "no control character of a file name gets out" 0 "$(grep -c "$(printf '\033')" "$tmp/err")"

# --- Outputs
run 0 -o "$tmp/report.txt" $small
check "a file holds what standard output would" "" "$(cmp "$tmp/report.txt" "$tmp/small.txt")"
check "and nothing is printed" "" "$(cat "$tmp/out")"
cp $small "$tmp/in.pcap"
run 2 -o "$tmp/in.pcap" "$tmp/in.pcap"
says "the output file is one of the captures"
check "the capture is as it was" "" "$(cmp $small "$tmp/in.pcap")"
run 1 -o "$tmp/no/report.txt" $small
says "cannot write to $tmp/no/report.txt: No such file or directory"
if [ -w /dev/full ]; then
    for command in report follow; do
        for format in '' --format=json; do
            [ "$command$format" != follow--format=json ] || format=--format=jsonl
            "$WSIGHT" $command $format $tour >/dev/full 2>"$tmp/err"
            check "$command $format to a full disk" 1 $?
            check "a full disk is told once" "1 1" "$(grep -c 'No space left on device' "$tmp/err") $(wc -l <"$tmp/err")"
        done
    done
    "$WSIGHT" --help >/dev/full 2>"$tmp/err"
    check "help to a full disk" 1 $?
fi
# The reader is gone before the first byte.
mkfifo "$tmp/closed"
{ "$WSIGHT" follow --format=jsonl $tour 2>"$tmp/err"; echo $? >"$tmp/status"; } | true
for _ in $(seq 1500); do # patience for a busy machine
    [ -s "$tmp/status" ] && break
    sleep 0.02
done
check "a closed pipe" 1 "$(cat "$tmp/status")"
check "is told" 1 "$(grep -c 'Broken pipe' "$tmp/err")"

# --- Findings as an exit status
run 0 --fail-on=error $small
run 4 --fail-on=error captures/violations.pcapng
run 4 --fail-on=note $small
run 4 follow --fail-on=warning captures/violations.pcapng
run 1 --fail-on=error captures/violations.pcapng "$tmp/none.pcap"

# --- Interrupts (job control, as background jobs ignore SIGINT without it)
set -m
mkfifo "$tmp/open"
exec 9<>"$tmp/open"
cat $small >&9
"$WSIGHT" --format=json "$tmp/open" >"$tmp/out" 2>"$tmp/err" &
pid=$!
for _ in $(seq 1500); do # until it has read everything and waits for more
    [ "$(sed -n 's/^rchar: //p' /proc/$pid/io)" -ge "$(stat -c %s $small)" ] &&
        grep -q '^State:[[:space:]]*S' /proc/$pid/status && break
    sleep 0.02
done
kill -INT $pid
wait $pid
check "an interrupt ends the reading" 0 $?
check "and what was read is reported" 1 "$(grep -c '"interrupted":true' "$tmp/out")"
check "with its sessions" 1 "$(grep -c '"outcome":"open"' "$tmp/out" | sed 's/[1-9][0-9]*/1/')"
"$WSIGHT" follow --format=jsonl "$tmp/open" >"$tmp/out" 2>"$tmp/err" &
pid=$!
cat $small >&9
for _ in $(seq 1500); do
    grep -q '"close"' "$tmp/out" && break
    sleep 0.02
done
check "follow prints while its input pauses" 1 "$(grep -c '"opcode":"close"' "$tmp/out" | sed 's/[1-9][0-9]*/1/')"
kill -TERM $pid
wait $pid
check "SIGTERM is an interrupt, too" 0 $?
exec 9>&-
set +m

# --- Memory (the sanitizers want terabytes of it)
if [ "${BUILD:-build}" = build ]; then
    told=0
    for limit in 15000 20000 22000 24000 26000 28000 30000 40000; do
        (
            ulimit -v "$limit"
            exec "$WSIGHT" $tour
        ) >"$tmp/out" 2>"$tmp/err"
        status=$?
        case $status in
        0 | 127) ;; # enough, or not even for the libraries
        *)
            told=$((told + 1))
            check "$limit KB of memory are not enough" "1 1" "$status $(grep -c 'out of memory' "$tmp/err")"
            ;;
        esac
    done
    [ $told != 0 ] || echo "with no limit did memory run out"
fi

echo "$passed passed, $failed failed"
[ $failed = 0 ]
