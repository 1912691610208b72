#!/bin/sh
# The test runner counts rightly: each kind of test, each way to fail, and its own exit status.

runner=$(pwd)/tests/run.sh
cd "$TEST_TMP" || exit 1
mkdir -p tests/fuzz/corpus
passed=0 failed=0

make_test() { # make_test FILE LINE...: an executable script
    file=$1
    shift
    printf '%s\n' '#!/bin/sh' "$@" >"$file"
    chmod +x "$file"
}

check() { # check SENTENCE CLOSING-LINE STATUS TEST...
    sentence=$1 line=$2 expected=$3
    shift 3
    WSIGHT=./good.sh TEST_TIMEOUT=1 sh "$runner" "$@" >output 2>&1
    status=$?
    if [ "$(tail -n 1 output)" = "$line" ] && [ $status = "$expected" ] &&
        [ "$(grep -c '^[0-9]* passed, ' output)" = 1 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not so: $sentence (exit status $status)"
        sed 's/^/    /' output
    fi
}

make_test good.sh 'exit 0'
make_test bad.sh 'echo why it failed' 'exit 1'
make_test absent.sh 'echo no such tool' 'exit 77'
make_test several.sh 'echo 3 passed, 0 failed, 2 skipped'
make_test some_bad.sh 'echo 3 passed, 2 failed' 'exit 1'
make_test lies.sh 'echo 3 passed, 0 failed' 'exit 1'
make_test slow.sh 'exec sleep 5'
make_test test_good 'echo 1..2' 'echo ok 1 - a' 'echo ok 2 - b'
make_test test_skips 'echo 1..2' 'echo ok 1 - a' 'echo not ok 2 \# SKIP b'
make_test test_bad 'echo 1..2' 'echo ok 1 - a' 'echo not ok 2 - b' 'exit 1'
make_test test_dies 'echo 1..3' 'echo ok 1 - a' 'kill -SEGV $$'
make_test test_dies_after 'echo 1..1' 'echo ok 1 - a' 'exit 1'
make_test test_empty 'exit 0'
# shellcheck disable=SC2016 # the test's own argument
make_test replay_x '[ "$1" = tests/fuzz/corpus/x ]'
make_test replay_y 'exit 1'

check "a script is one test" "1 passed, 0 failed" 0 ./good.sh
check "a failed script fails the run" "1 passed, 1 failed" 1 ./good.sh ./bad.sh
check "status 77 is a skipped one" "1 passed, 0 failed, 1 skipped" 0 ./good.sh ./absent.sh
check "nothing but skipped ones is no pass" "0 passed, 0 failed, 1 skipped" 1 ./absent.sh
check "a script may count itself" "3 passed, 0 failed, 2 skipped" 0 ./several.sh
check "a script may count its failures" "3 passed, 2 failed" 1 ./some_bad.sh
check "a bad exit status is a failure whatever was counted" "3 passed, 1 failed" 1 ./lies.sh
if command -v timeout >/dev/null 2>&1; then
    check "a test that hangs is stopped" "0 passed, 1 failed" 1 ./slow.sh
fi
check "a binary's tests are counted" "2 passed, 0 failed" 0 ./test_good
check "a binary's skipped tests are counted" "1 passed, 0 failed, 1 skipped" 0 ./test_skips
check "a binary's failed tests are counted" "1 passed, 1 failed" 1 ./test_bad
check "tests that a crash kept from running have failed" "1 passed, 2 failed" 1 ./test_dies
check "a crash after the last test is a failure" "1 passed, 1 failed" 1 ./test_dies_after
check "a binary without tests is a failure" "0 passed, 1 failed" 1 ./test_empty
check "a replay is given its corpus" "1 passed, 0 failed" 0 ./replay_x
check "a failed replay is a failure" "0 passed, 1 failed" 1 ./replay_y
check "all of it is summed" "7 passed, 3 failed, 1 skipped" 1 \
    ./good.sh ./bad.sh ./absent.sh ./some_bad.sh ./test_good ./replay_x
check "a test that is not there is a failure" "1 passed, 1 failed" 1 ./good.sh ./no_such_test

WSIGHT=./good.sh sh "$runner" ./bad.sh >output 2>&1
if grep -q 'why it failed' output; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "not so: a failed test shows what it said"
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
