#!/bin/bash
# The reports on every capture, as text and JSON, and follow on the tour, are the ones that were read and
# found right. GOLDEN_UPDATE=1 (make golden-update) writes them anew: read the difference.

: "${TEST_TMP:?run by tests/run.sh}"
failed=0 passed=0

# Anything but what depends on the version and the edition of the registry.
normalised() {
    sed -e 's/<br>wsight [0-9.]*</<br>wsight VERSION</' -e 's/^wsight [0-9][0-9.]*:/wsight VERSION:/' \
        -e 's/"name":"wsight","version":"[0-9.]*"/"name":"wsight","version":"VERSION"/' \
        -e 's/"version":"[0-9][0-9.]*","registry":"[0-9-]*"/"version":"VERSION","registry":"DATE"/' \
        -e '/^  "tool":{$/,/^  }/s/"\(version\|registry\)":"[^"]*"/"\1":"-"/'
}

# compare GOLDEN ARGUMENT...: what wsight says with these arguments
compare() {
    local golden=$1 found=$TEST_TMP/found
    shift
    "$WSIGHT" "$@" 2>"$TEST_TMP/err" | normalised >"$found"
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

# digests ARGUMENT...: a line of the exports' digests, which say only whether something has changed; the
# exports of ws-plain are there to read
digests() {
    "$WSIGHT" export "$@" 2>/dev/null | sed 's/"name":"wsight","version":"[0-9.]*"/"name":"wsight"/' |
        sha256sum | sed "s|-\$|$*|"
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

for capture in captures/ws-*.pcap*; do
    for format in har csv tsv zeek zeek-json eve pcapng; do
        digests $format "$capture" >>"$found_digests"
    done
    for format in csv zeek; do
        digests $format --table=messages "$capture" >>"$found_digests"
    done
done
if [ -n "${GOLDEN_UPDATE-}" ]; then
    cp "$found_digests" tests/golden/exports.sha256
elif cmp -s tests/golden/exports.sha256 "$found_digests"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "exports differ:"
    diff tests/golden/exports.sha256 "$found_digests" | sed -n 's/^> [0-9a-f]* */  export /p'
fi
for format in csv zeek eve har; do
    compare "tests/golden/ws-fragmented.export.$format" export $format --bodies=100 captures/ws-fragmented.pcap*
    expected="$expected ws-fragmented.export.$format"
done

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
