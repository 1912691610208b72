#!/bin/bash
# Without memory: a refusal at any one allocation, and at all from there on, ends with the whole report or
# with a message and exit status 1; never with a crash or with less than the whole and no word.

: "${TEST_TMP:?run by tests/run.sh}"
[ "${BUILD:-build}" = build ] && grep -q HAVE_LINKER_WRAP config.h 2>/dev/null || {
    echo "needs the plain build, and a linker with --wrap"
    exit 77
}
cat >"$TEST_TMP/refuse.c" <<'C'
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
static long count, at = -1;
static int refused(void)
{
    if (at < 0)
        at = getenv("REFUSE_AT") ? atol(getenv("REFUSE_AT")) : 0;
    count++;
    if (at == 0 || count < at || (count > at && !getenv("REFUSE_ON")))
        return 0;
    errno = ENOMEM;
    return 1;
}
void *malloc(size_t n) { return refused() ? NULL : __libc_malloc(n); }
void *calloc(size_t k, size_t n) { return refused() ? NULL : __libc_calloc(k, n); }
void *realloc(void *p, size_t n) { return refused() ? NULL : __libc_realloc(p, n); }
void *aligned_alloc(size_t a, size_t n) { return refused() ? NULL : __libc_memalign(a, n); }
__attribute__((destructor)) static void tell(void)
{
    FILE *f = getenv("REFUSE_COUNT") ? fopen(getenv("REFUSE_COUNT"), "w") : NULL;
    if (f)
        fprintf(f, "%ld\n", count) < 0 || fclose(f);
}
C
${CC:-cc} -shared -fPIC -w -o "$TEST_TMP/refuse.so" "$TEST_TMP/refuse.c" 2>/dev/null || {
    echo "no library that refuses memory can be made here"
    exit 77
}

failed=0 passed=0
# With another libc the names may be others.
REFUSE_AT=1 REFUSE_ON=1 LD_PRELOAD=$TEST_TMP/refuse.so "$WSIGHT" --version >/dev/null 2>&1 && {
    echo "this libc cannot be refused memory"
    exit 77
}
allocations() { # allocations ARGUMENT...: how many the program makes
    REFUSE_COUNT=$TEST_TMP/count LD_PRELOAD=$TEST_TMP/refuse.so "$WSIGHT" "$@" >/dev/null 2>&1
    cat "$TEST_TMP/count"
}
# A file without packets: what the libraries need to begin. libcrypto does not survive a refusal there.
head -c 24 captures/ipv6.pcap >"$TEST_TMP/none.pcap"

try() { # try ARGUMENT...: at some 25 of the allocations after the beginning
    local first last step at status
    "$WSIGHT" "$@" >"$TEST_TMP/whole"
    first=$(allocations "${@:1:$#-1}" "$TEST_TMP/none.pcap")
    last=$(allocations "$@")
    [ "$last" -gt $((first + 40)) ] || echo "few allocations: $first to $last"
    step=$(((last - first) / 25 + 1))
    for ((at = first + 1; at < last; at += step)); do
        for on in '' REFUSE_ON=1; do
            env $on REFUSE_AT=$at LD_PRELOAD="$TEST_TMP/refuse.so" "$WSIGHT" "$@" >"$TEST_TMP/out" 2>"$TEST_TMP/err"
            status=$?
            if { [ $status = 0 ] && cmp -s "$TEST_TMP/out" "$TEST_TMP/whole"; } ||
                { [ $status = 1 ] && grep -qi 'memory' "$TEST_TMP/err"; }; then
                passed=$((passed + 1))
            else
                failed=$((failed + 1))
                echo "wsight $*: allocation $at refused $on: exit status $status, $(head -n 1 "$TEST_TMP/err")"
            fi
        done
    done
}

try report captures/gap.pcapng
try report --format=json --digest captures/tour.pcapng
try follow --format=jsonl captures/lossy-middle.pcapng
echo "$passed passed, $failed failed"
[ $failed = 0 ]
