#!/bin/sh
# make install puts everything where DESTDIR and the prefix say, and make uninstall takes it away.

: "${TEST_TMP:?run by tests/run.sh}"
unset MAKEFLAGS MAKELEVEL
failed=0
for file in bin/wsight share/bash-completion/completions/wsight share/zsh/site-functions/_wsight \
    share/fish/vendor_completions.d/wsight.fish share/wsight/report.schema.json; do
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

make -s uninstall DESTDIR="$TEST_TMP/d" PREFIX=/opt || exit 1
left=$(find "$TEST_TMP/d" -type f)
if [ -n "$left" ]; then
    echo "left behind: $left"
    failed=1
fi
exit $failed
