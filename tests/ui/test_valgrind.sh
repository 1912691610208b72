#!/bin/bash
# valgrind finds nothing in the tour: no access out of bounds, no use of what was never set, no leak.

: "${TEST_TMP:?run by tests/run.sh}"
command -v valgrind >/dev/null 2>&1 || {
    echo "valgrind is not installed"
    exit 77
}
[ "${BUILD:-build}" = build ] || {
    echo "a sanitizer build looks for itself"
    exit 77
}

failed=0 passed=0
quiet_under_valgrind() { # quiet_under_valgrind STATUS ARGUMENT...
    local expected=$1 status
    shift
    valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible \
        --errors-for-leak-kinds=definite,indirect,possible "$WSIGHT" "$@" >"$TEST_TMP/out" 2>"$TEST_TMP/err"
    status=$?
    if [ $status = "$expected" ] && [ -s "$TEST_TMP/out" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "wsight $*: exit status $status"
        head -n 30 "$TEST_TMP/err"
    fi
}

quiet_under_valgrind 0 report captures/tour.pcapng
quiet_under_valgrind 0 report --format=json --digest captures/tour.pcapng
quiet_under_valgrind 0 follow --format=jsonl --frames --bodies=all captures/tour.pcapng
quiet_under_valgrind 1 report captures/format-truncated.pcap captures/format-gzip.pcap.gz
echo "$passed passed, $failed failed"
[ $failed = 0 ]
