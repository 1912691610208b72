#!/bin/sh
# The workload generator: every workload can be read back, has the packets and, for deflate, the
# messages that its truth tells; the same seed gives the same bytes.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tmp=${TEST_TMP:-$(mktemp -d)}
tools=${BUILD:-build}/bench
passed=0
failed=0

expect() { # expect WHAT GOT EXPECTED
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$1: got '$2', expected '$3'"
    fi
}

number() { # number NAME FILE: the first number of that name
    sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" "$2" | head -n 1
}

sh "$here/build.sh" "$tools" || exit 1

for name in chat deflate bulk mixed churn lossy wss-chat wss-bulk; do
    file=$tmp/$name.pcap
    "$tools/generate" "$name" --scale 0.001 -o "$file" || exit 1
    "$tools/bare" "$file" >"$file.read" || exit 1
    expect "$name: packets" "$(number packets "$file.read")" "$(number packets "$file.truth")"
    expect "$name: bytes" "$(number bytes "$file.read")" "$(number bytes "$file.truth")"
    expect "$name: has sessions" "$([ "$(number sessions "$file.truth")" -gt 0 ] && echo yes)" yes
done

# What zlib inflates is what the truth says of the compressed messages.
file=$tmp/deflate.pcap
"$tools/bare" --inflate "$file.messages" "$file" >"$file.read" || exit 1
compressed=$(awk -F '[:,]' '/"compressed"/ { n += $2 } END { print n }' "$file.truth")
expect "deflate: messages" "$(number messages "$file.read")" "$compressed"
expect "deflate: inflated" "$(number inflated "$file.read")" "$(number inflated "$file.truth")"

# What is sealed can be opened with the key log.
if command -v python3 >/dev/null 2>&1; then
    for name in wss-chat wss-bulk; do
        file=$tmp/$name.pcap
        "${WSIGHT:-./wsight}" report --format=json -k "$file.keys" "$file" >"$file.json" || exit 1
        expect "$name: read with its keys" "$(python3 "$here/check.py" "$file.json" "$file.truth")" 'counts exact'
    done
fi

"$tools/generate" lossy --scale 0.001 -o "$tmp/again.pcap" || exit 1
expect "the same seed" "$(cksum <"$tmp/again.pcap")" "$(cksum <"$tmp/lossy.pcap")"
"$tools/generate" lossy --scale 0.001 --seed 2 -o "$tmp/other.pcap" || exit 1
expect "another seed" "$(cmp -s "$tmp/other.pcap" "$tmp/lossy.pcap" && echo same)" ''
"$tools/generate" nonsense -o "$tmp/x" 2>/dev/null
expect "an unknown workload" $? 2

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
