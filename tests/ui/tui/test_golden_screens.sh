#!/bin/sh
# Every script of tests/ui/tui/scripts/ shows what tests/ui/tui/golden/ says. A script names its capture
# in its first line: '# captures/tour.pcapng'; one whose name begins with 'ascii' runs in the C locale.
# GOLDEN_UPDATE=1 writes the screens instead: read the difference.

: "${TEST_TMP:?run by tests/run.sh}"
TZ=UTC0 XDG_CONFIG_HOME=/nonexistent
export TZ XDG_CONFIG_HOME
unset NO_COLOR COLORFGBG
case $WSIGHT in
/*) program=$WSIGHT ;;
*) program=$PWD/$WSIGHT ;;
esac
tree=$PWD passed=0 failed=0
LC_ALL=C.UTF-8 locale charmap 2>/dev/null | grep -q UTF-8 || {
    echo "there is no locale C.UTF-8"
    exit 77
}

for script in tests/ui/tui/scripts/*.keys; do
    name=$(basename "$script" .keys)
    capture=$(sed -n '1s/^# //p' "$script")
    locale=C.UTF-8
    case $name in ascii*) locale=C ;; esac
    rm -rf "$TEST_TMP/out" && mkdir "$TEST_TMP/out"
    # shellcheck disable=SC2086
    if ! (cd "$TEST_TMP/out" && for c in $capture; do set -- "$@" "$tree/$c"; done &&
        LC_ALL=$locale "$program" ui --script "$tree/$script" "$@"); then
        echo "$script: it did not run"
        failed=$((failed + 1))
        continue
    fi
    for screen in "$TEST_TMP"/out/*.*; do
        golden=tests/ui/tui/golden/$name-$(basename "$screen")
        if [ -n "${GOLDEN_UPDATE-}" ]; then
            cp "$screen" "$golden"
        fi
        if diff -u "$golden" "$screen"; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
    done
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
