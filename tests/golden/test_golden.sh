#!/bin/bash
# The reports on every capture, as text and JSON, follow on the tour, and every export of a capture, are the
# ones that were read and found right; of other captures' exports there are digests. GOLDEN_UPDATE=1 (make
# golden-update) writes them anew: read the difference.

: "${TEST_TMP:?run by tests/run.sh}"
failed=0 passed=0 found=$TEST_TMP/found

# Anything but what depends on the version and the edition of the registry.
normalised() {
    sed -e 's/<br>wsight [0-9.]*</<br>wsight VERSION</' -e 's/^wsight [0-9][0-9.]*:/wsight VERSION:/' \
        -e 's/"name":"wsight","version":"[0-9.]*"/"name":"wsight","version":"VERSION"/' \
        -e 's/"version":"[0-9][0-9.]*","registry":"[0-9-]*"/"version":"VERSION","registry":"DATE"/' \
        -e '/^  "tool":{$/,/^  }/s/"\(version\|registry\)":"[^"]*"/"\1":"-"/'
}

# compare GOLDEN ARGUMENT...: what wsight says with these arguments
compare() {
    "$WSIGHT" "${@:2}" 2>"$TEST_TMP/err" | normalised >"$found"
    compare_found "$@"
}

# compare_found GOLDEN WORD...: what is in $found; the words tell how it is made
compare_found() {
    local golden=$1
    shift
    if [ -n "${GOLDEN_UPDATE-}" ]; then
        cp "$found" "$golden"
    elif [ -s "$found" ] && cmp -s "$golden" "$found"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not as in $golden: wsight $*"
        diff "$golden" "$found" 2>&1 | cut -c1-300 | head -n 8
    fi
}

# digest CAPTURE: a digest of its exports, which says only whether something has changed: those of ipv6,
# refused and ws-fragmented are there to read
digest() {
    for format in har csv zeek eve pcapng "csv --table=messages"; do
        # shellcheck disable=SC2086
        "$WSIGHT" export $format "$1" 2>/dev/null
    done | sed 's/"name":"wsight","version":"[0-9.]*"/"name":"wsight"/' | sha256sum | sed "s|-\$|$1|"
}

# files FOLDER: what payloads wrote
files() {
    cat "$1/index.tsv" && (cd "$1" && sha256sum -- *)
}

# database FILE: its tables and rows as SQL
database() {
    python3 -c 'import sqlite3, sys; print("\n".join(sqlite3.connect(sys.argv[1]).iterdump()))' "$1"
}

# What unpacks some of its messages, where that was not found.
lacking=
for library in BZIP2 SNAPPY; do
    grep -q "HAVE_$library" config.h || lacking="$lacking $library"
done
[ -z "$lacking" ] || echo "extensions is left out: built without$lacking"

expected="exports.sha256"
found_digests=$TEST_TMP/exports
: >"$found_digests"
for capture in captures/*.pcap captures/*.pcapng captures/*.pcap.gz; do
    name=${capture#captures/} name=${name%%.*}
    expected="$expected $name.report.txt $name.report.json"
    [ "$name" != extensions ] || [ -z "$lacking" ] || continue
    compare "tests/golden/$name.report.txt" report --width=100 "$capture"
    compare "tests/golden/$name.report.json" report --format=json --digest "$capture"
    [ "$name" = extensions ] || digest "$capture" >>"$found_digests"
    if [ -f "captures/$name.keys" ]; then
        set -- -k "captures/$name.keys"
    elif [ -f "captures/$name.pem" ]; then
        set -- --rsa-key "captures/$name.pem"
    else
        continue
    fi
    compare "tests/golden/$name-keys.report.txt" report --width=100 "$@" "$capture"
    compare "tests/golden/$name-keys.report.json" report --format=json --digest "$@" "$capture"
    expected="$expected $name-keys.report.txt $name-keys.report.json"
done
compare tests/golden/tour.follow.txt follow --width=100 captures/tour.pcapng
compare tests/golden/tour.follow.jsonl follow --format=jsonl --bodies=100 captures/tour.pcapng
compare tests/golden/violations.frames.txt follow --frames --width=100 captures/violations.pcapng
expected="$expected tour.follow.txt tour.follow.jsonl violations.frames.txt"

if [ -n "${GOLDEN_UPDATE-}" ]; then
    cp "$found_digests" tests/golden/exports.sha256
elif cmp -s tests/golden/exports.sha256 "$found_digests"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "exports differ:"
    diff tests/golden/exports.sha256 "$found_digests" | sed -n 's/^> [0-9a-f]* */  exports of /p'
fi
for format in csv zeek eve har; do
    compare "tests/golden/ws-fragmented.export.$format" export $format --bodies=100 captures/ws-fragmented.pcap*
    expected="$expected ws-fragmented.export.$format"
done
for format in csv zeek har; do
    compare "tests/golden/refused.export.$format" export $format captures/refused.pcapng
    expected="$expected refused.export.$format"
done
for format in tsv zeek-json eve; do
    compare "tests/golden/ipv6.export.$format" export $format captures/ipv6.pcap
    expected="$expected ipv6.export.$format"
done
for format in csv tsv zeek zeek-json; do
    compare "tests/golden/ipv6.export.messages.$format" export $format --table=messages captures/ipv6.pcap
    expected="$expected ipv6.export.messages.$format"
done
compare tests/golden/ipv6.follow.ecs.jsonl follow --format=ecs --frames captures/ipv6.pcap
"$WSIGHT" export payloads -o "$TEST_TMP/payloads" captures/ipv6.pcap && files "$TEST_TMP/payloads" >"$found"
compare_found tests/golden/ipv6.export.payloads export payloads captures/ipv6.pcap
if command -v python3 >/dev/null; then
    "$WSIGHT" export sqlite --frames -o "$TEST_TMP/db" captures/ipv6.pcap && database "$TEST_TMP/db" >"$found"
    compare_found tests/golden/ipv6.export.sqlite export sqlite --frames captures/ipv6.pcap
fi
expected="$expected ipv6.follow.ecs.jsonl ipv6.export.payloads ipv6.export.sqlite"

compare tests/golden/tour.report.md report --format=markdown captures/tour.pcapng
compare tests/golden/ws-fragmented.report.html report --format=html captures/ws-fragmented.pcap*
expected="$expected tour.report.md ws-fragmented.report.html"

for golden in tests/golden/*.md tests/golden/*.html tests/golden/*.export.* tests/golden/*.txt tests/golden/*.json*; do
    case " $expected " in
    *" ${golden#tests/golden/} "*) ;;
    *)
        failed=$((failed + 1))
        echo "$golden belongs to no capture"
        ;;
    esac
done

[ -z "${GOLDEN_UPDATE-}" ] || passed=1
echo "$passed passed, $failed failed"
[ $failed = 0 ]
