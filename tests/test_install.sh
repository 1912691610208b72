#!/bin/sh
# make install puts everything where DESTDIR and the prefix say, and make uninstall takes it away.

: "${TEST_TMP:?run by tests/run.sh}"
unset MAKEFLAGS MAKELEVEL
failed=0
for file in bin/wsight share/bash-completion/completions/wsight share/zsh/site-functions/_wsight \
    share/fish/vendor_completions.d/wsight.fish share/wsight/report.schema.json \
    share/wsight/clickhouse.sql share/wsight/postgresql.sql \
    lib/systemd/system/wsight.service; do
    echo "./opt/$file"
done >"$TEST_TMP/expected"
if [ -f ui/wsight.1.in ]; then
    echo ./opt/share/man/man1/wsight.1 >>"$TEST_TMP/expected"
fi
sort -o "$TEST_TMP/expected" "$TEST_TMP/expected"

make -s install DESTDIR="$TEST_TMP/d" PREFIX=/opt || exit 1
(cd "$TEST_TMP/d" && find . -type f | sort) >"$TEST_TMP/installed"
diff "$TEST_TMP/expected" "$TEST_TMP/installed" || failed=1
case $("$TEST_TMP/d/opt/bin/wsight" --version) in
"wsight $(sed -n 's/^VERSION=//p' configure)"*) ;;
*)
    echo "the installed program does not tell configure's version"
    failed=1
    ;;
esac

if ! grep -q '^ExecStart=/opt/bin/wsight report -i ' "$TEST_TMP/d/opt/lib/systemd/system/wsight.service"; then
    echo "the unit does not start the installed program"
    failed=1
fi
if command -v systemd-analyze >/dev/null 2>&1; then
    sed "s|/opt/bin/wsight|$TEST_TMP/d&|" "$TEST_TMP/d/opt/lib/systemd/system/wsight.service" >"$TEST_TMP/wsight.service"
    systemd-analyze verify --man=no "$TEST_TMP/wsight.service" || failed=1
fi
if [ "$(id -u)" = 0 ] && command -v setcap >/dev/null 2>&1 && command -v getcap >/dev/null 2>&1; then
    if make -s setcap DESTDIR="$TEST_TMP/d" PREFIX=/opt 2>"$TEST_TMP/setcap"; then
        case $(getcap "$TEST_TMP/d/opt/bin/wsight") in
        *cap_net_raw*) ;;
        *)
            echo "make setcap does not give the right to capture"
            failed=1
            ;;
        esac
    else
        grep -q 'not supported' "$TEST_TMP/setcap" || {
            cat "$TEST_TMP/setcap"
            failed=1
        }
    fi
fi

make -s uninstall DESTDIR="$TEST_TMP/d" PREFIX=/opt || exit 1
left=$(find "$TEST_TMP/d" -type f)
if [ -n "$left" ]; then
    echo "left behind: $left"
    failed=1
fi
exit $failed
