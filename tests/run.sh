#!/bin/sh
# Runs tests and counts: tests/run.sh TEST... from the root of the tree, JOBS at a time.
#
# A TEST is a cmocka binary (counted test by test), a script test_*.sh or test_*.py (one test, or as
# many as its own line 'N passed, N failed' says; exit status 77 skips it), or a fuzz target's
# replay_NAME, which gets its corpus. A passed TEST is one line, a failed one shows what it said.
# The last line is 'N passed, N failed', with ', N skipped' if any were. Tests find in the
# environment BUILD, WSIGHT (the program), TEST_TMP (an empty folder of their own), and no settings
# of the user's.

unset SSLKEYLOGFILE # would open TLS that a test wants closed
limit_seconds=${TEST_TIMEOUT:-300}

run_test() { # run_test TEST: runs it with its output in $dir/output, sets status
    case $1 in
    *.sh) [ -x "$1" ] || set -- sh "$1" ;;
    *.py)
        if ! command -v python3 >/dev/null 2>&1; then
            echo "python3 is not installed" >"$dir/output"
            status=77
            return
        fi
        set -- python3 "$1"
        ;;
    */replay_*) set -- "$1" "tests/fuzz/corpus/${1##*/replay_}" ;;
    esac
    if command -v timeout >/dev/null 2>&1; then
        set -- timeout "$limit_seconds" "$@"
    fi
    PYTHONPATH=tests/lib CMOCKA_MESSAGE_OUTPUT=TAP TEST_TMP=$dir/tmp XDG_CONFIG_HOME=$dir/tmp/.config \
        "$@" >"$dir/output" 2>&1 </dev/null
    status=$?
}

# Prints 'PASSED FAILED SKIPPED' for a test that ended with $status.
count() {
    case $1 in
    *.sh | *.py)
        [ "$status" = 77 ] && echo "0 0 1" && return
        awk -v status="$status" '
            /^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ { p = $1; f = $3; s = $5 + 0; own = 1 }
            END {
                if (!own) { p = (status == 0); f = !p; s = 0 }
                if (status != 0 && f == 0) f = 1
                print p, f, s
            }' "$dir/output"
        ;;
    */replay_*) [ "$status" = 0 ] && echo "1 0 0" || echo "0 1 0" ;;
    *)
        # TAP. A plan that was not kept, or a bad end without a failed test, is a crash.
        awk -v status="$status" '
            /^1\.\.[0-9]+/ { sub(/^1\.\./, ""); planned += $1 }
            /^(not )?ok .*# SKIP/ { s++; next }
            /^ok /     { p++ }
            /^not ok / { f++ }
            END {
                if (p + f + s < planned) f = planned - p - s
                if (f == 0 && (status != 0 || planned == 0)) f = 1
                print p + 0, f + 0, s + 0
            }' "$dir/output"
        ;;
    esac
}

name_of() {
    echo "$1" | sed "s|^${BUILD:-build}/||"
}

if [ "${1-}" = --one ]; then # --one FOLDER TEST
    dir=$2/$(echo "$3" | tr '/' '_')
    mkdir -p "$dir/tmp" || exit 1
    run_test "$3"
    count "$3" >"$dir/counts"
    read -r passed failed _ <"$dir/counts"
    if [ "$failed" -gt 0 ]; then
        {
            echo "FAIL  $(name_of "$3")"
            [ "$status" != 124 ] || echo "(stopped after $limit_seconds seconds)"
            sed 's/^/      /' "$dir/output"
        } >"$dir/report"
        cat "$dir/report"
    elif [ "$passed" = 0 ]; then
        echo "skip  $(name_of "$3"): $(tail -n 1 "$dir/output")"
    else
        echo "ok    $(name_of "$3") ($passed)"
    fi
    rm -rf "$dir/tmp"
    exit 0
fi

[ $# -gt 0 ] || {
    echo "tests/run.sh: no test was named" >&2
    exit 1
}
[ -x "${WSIGHT:-./wsight}" ] || {
    echo "tests/run.sh: no program ${WSIGHT:-./wsight}; use 'make check'" >&2
    exit 1
}
results=$(mktemp -d "${TMPDIR:-/tmp}/wsight-check.XXXXXX") || exit 1
trap 'rm -rf "$results"' EXIT
trap 'exit 1' HUP INT TERM

export BUILD="${BUILD:-build}" WSIGHT="${WSIGHT:-./wsight}"
printf '%s\n' "$@" | xargs -P "${JOBS:-2}" -n 1 sh "$0" --one "$results"

find "$results" -name counts -exec cat {} + | awk -v tests=$# '
    { passed += $1; failed += $2; skipped += $3; seen++ }
    END {
        failed += tests - seen # a test whose runner died
        line = passed + 0 " passed, " failed + 0 " failed"
        if (skipped) line = line ", " skipped " skipped"
        print line
        exit failed > 0 || passed == 0
    }'
