#!/bin/sh
# The manual page has every finding of the table and every option that --help lists, and is sound roff.

: "${TEST_TMP:?run by tests/run.sh}"
[ -f ui/wsight.1.in ] || {
    echo "there is no manual page yet"
    exit 77
}
failed=0
complain() {
    echo "$1"
    failed=1
}

page=$TEST_TMP/wsight.1
awk -v version=1.2.3 -f ui/manual.awk decoders/findings.def analyzer/filter/filter_fields.def \
    ui/wsight.1.in >"$page" || exit 1
sed 's/\\-/-/g; s/\\f.//g' "$page" >"$TEST_TMP/text"

ids=$(tr '\n' ' ' <decoders/findings.def | grep -oE 'FINDING\([A-Z0-9_]+, *"[^"]+"' | sed 's/.*"\(.*\)"/\1/')
for id in $ids; do
    grep -qxF ".B $id" "$TEST_TMP/text" || complain "finding $id is not in the page"
done
for option in $({
    "$WSIGHT" --help
    "$WSIGHT" report --help
    "$WSIGHT" follow --help
    "$WSIGHT" export --help
} 2>/dev/null | grep -oE -e '--[a-z][a-z-]+' | sort -u); do
    grep -qE -e "$option([^a-z-]|\$)" "$TEST_TMP/text" || complain "option $option is not in the page"
done
if grep -n '@[A-Z]*@' "$page"; then
    complain "a placeholder was left"
fi
if command -v mandoc >/dev/null 2>&1; then
    mandoc -Tlint -W error "$page" || complain "mandoc finds errors"
elif command -v groff >/dev/null 2>&1; then
    warnings=$(groff -man -Tutf8 -ww "$page" 2>&1 >/dev/null)
    [ -z "$warnings" ] || complain "$warnings"
fi
exit $failed
