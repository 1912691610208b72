# What the live tests share: a network namespace of their own with the program capturing in it.
# Sourced by test_*.sh, which run in bash. All traffic stays inside the namespaces made here.
# shellcheck shell=bash disable=SC2034

set -m # else bash has what it starts in the background ignore Ctrl-C
failed=0 passed=0
tmp=${TEST_TMP:?run by tests/run.sh}
ns=wsight-$$
program=$(realpath "$WSIGHT")
talk=tests/live/talk.py
# At the end a sanitizer looks for leaks with calls that the sandbox does not have.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

skip() { # skip REASON
    echo "$1"
    exit 77
}

check() { # check SENTENCE EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'not so: %s\n  expected: %s\n  found:    %s\n' "$1" "$2" "$3"
    fi
}

has() { # has SENTENCE PATTERN FILE: a line of the file matches
    if grep -qE -e "$2" "$3"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'not so: %s\n  no line matches: %s\n' "$1" "$2"
        sed 's/^/    /' "$3"
    fi
}

finish() {
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
    exit
}

pids=
clean_up() {
    # shellcheck disable=SC2086 # numbers
    [ -z "$pids" ] || kill -9 $pids 2>/dev/null
    ip netns del "$ns" 2>/dev/null
    ip netns del "$ns-b" 2>/dev/null
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

need_namespace() {
    [ "$(id -u)" = 0 ] || skip "only root can make network namespaces"
    for tool in ip python3; do
        command -v $tool >/dev/null 2>&1 || skip "$tool is not installed"
    done
    ip netns add "$ns" 2>/dev/null || skip "no network namespace can be made here"
    ip -n "$ns" link set lo up
}

# need_certificate: $tmp/key.pem and $tmp/cert.pem, of the server that talk.py's clients expect
need_certificate() {
    command -v openssl >/dev/null 2>&1 || skip "openssl is not installed"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/key.pem" -out "$tmp/cert.pem" -days 36500 \
        -subj /CN=talk.example -addext subjectAltName=DNS:talk.example 2>/dev/null
}

# inside COMMAND...: runs it in the namespace
inside() { ip netns exec "$ns" "$@"; }

# A busy machine is slow, so what is waited for is an event; the times below only end a wait for
# what never comes.
patience=1500 # steps of 20 ms

# await_text FILE: its text, once it has a line
await_text() {
    for _ in $(seq $patience); do
        [ -s "$1" ] && break
        sleep 0.02
    done
    cat "$1"
}

# await_sealed PID: until it captures and has closed its sandbox, the last thing before packets
await_sealed() {
    for _ in $(seq $patience); do
        grep -q '^Seccomp:[[:space:]]*2' "/proc/$1/status" 2>/dev/null && return
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.02
    done
}

# start NAME ARGUMENT...: the program in the background, once it captures; its outputs are
# $tmp/NAME.out and $tmp/NAME.err, its process is $pid.
start() {
    local name=$1
    shift
    ip netns exec "$ns" "$program" "$@" >"$tmp/$name.out" 2>"$tmp/$name.err" </dev/null &
    pid=$!
    pids="$pids $pid"
    await_sealed $pid
}

# make_intruder: builds intruder.so, for LD_PRELOAD. The sanitizers want to be first in a process, so
# it is for the usual build.
make_intruder() {
    # shellcheck disable=SC2086 # the compiler and its launcher
    [ "${BUILD:-build}" = build ] && ${CC:-cc} -D_GNU_SOURCE -shared -fPIC -o "$tmp/intruder.so" tests/live/intruder.c
}

# stop [SIGNAL]: ends it; $status is its exit status
stop() {
    kill "-${1:-INT}" "$pid" 2>/dev/null
    await
}
await() {
    for _ in $(seq $patience); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.02
    done
    kill -9 "$pid" 2>/dev/null
    wait "$pid"
    status=$?
}

# await_line PATTERN FILE [TIMES]: until there are so many such lines
await_line() {
    for _ in $(seq $patience); do
        [ "$(grep -cE -e "$1" "$2" 2>/dev/null)" -ge "${3:-1}" ] && return
        sleep 0.02
    done
}
