#!/bin/bash
# The reports on every capture, as text and JSON, and follow on the tour, are the ones that were read and
# found right. GOLDEN_UPDATE=1 (make golden-update) writes them anew: read the difference.

failed=0 passed=0

# Anything but what depends on the version and the edition of the registry.
normalised() {
    sed -e 's/^wsight [0-9][0-9.]*:/wsight VERSION:/' \
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

expected=
for capture in captures/*.pcap captures/*.pcapng captures/*.pcap.gz; do
    name=${capture#captures/} name=${name%%.*}
    compare "tests/golden/$name.report.txt" report --width=100 "$capture"
    compare "tests/golden/$name.report.json" report --format=json --digest "$capture"
    expected="$expected $name.report.txt $name.report.json"
    [ -f "captures/$name.keys" ] || continue
    compare "tests/golden/$name-keys.report.txt" report --width=100 -k "captures/$name.keys" "$capture"
    compare "tests/golden/$name-keys.report.json" report --format=json --digest -k "captures/$name.keys" "$capture"
    expected="$expected $name-keys.report.txt $name-keys.report.json"
done
compare tests/golden/tour.follow.txt follow --width=100 captures/tour.pcapng
compare tests/golden/tour.follow.jsonl follow --format=jsonl --bodies=100 captures/tour.pcapng
compare tests/golden/violations.frames.txt follow --frames --width=100 captures/violations.pcapng
expected="$expected tour.follow.txt tour.follow.jsonl violations.frames.txt"

for golden in tests/golden/*.txt tests/golden/*.json*; do
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
