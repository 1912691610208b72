#!/bin/sh
# The completions: bash's is run as bash would; all three know every option that --help lists.
# shellcheck shell=bash
: "${TEST_TMP:?run by tests/run.sh}"
if [ -z "${BASH_VERSION-}" ]; then
    command -v bash >/dev/null 2>&1 || {
        echo "bash is not installed"
        exit 77
    }
    exec bash "$0"
fi

failed=0 passed=0
check() { # check SENTENCE EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'not so: %s\n  expected: %s\n  found:    %s\n' "$1" "$2" "$3"
    fi
}

# What bash would offer after the given words; the last is the one being typed.
complete_words() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _wsight
    echo "${COMPREPLY[@]}"
}

for known in ui/completions/wsight.bash ui/completions/_wsight ui/completions/wsight.fish; do
    unknown=
    for option in $({
        "$WSIGHT" --help
        "$WSIGHT" report --help
        "$WSIGHT" follow --help
        "$WSIGHT" export --help
    } 2>/dev/null | grep -oE -e '--[a-z][a-z-]+' | sort -u); do
        # fish writes '-l name' for --name
        grep -qE -e "(--|-l )${option#--}([^a-z-]|\$)" $known || unknown="$unknown $option"
    done
    check "$known has every option of --help" "" "$unknown"
done

# shellcheck source=/dev/null
. ui/completions/wsight.bash
compopt() { :; } # works only inside a completion
check "the commands come first" "report" "$(complete_words wsight rep)"
check "options of report" "--filter --format --frames" "$(complete_words wsight report --f | sed 's/ --fail-on//')"
check "formats of report" "text json html markdown" "$(complete_words wsight report --format '')"
check "formats of follow" "jsonl" "$(complete_words wsight follow --format js)"
check "formats of export" "zeek zeek-json" "$(complete_words wsight export ze)"
check "a value after an equals sign" "note" "$(complete_words wsight report --fail-on = n)"
check "tables of the registry" "close_codes" "$(complete_words wsight registry cl)"
touch "$TEST_TMP/a.pcap" "$TEST_TMP/b.txt" "$TEST_TMP/c.pcap.gz"
check "captures and no other files" "$TEST_TMP/a.pcap $TEST_TMP/c.pcap.gz" \
    "$(complete_words wsight report "$TEST_TMP/" | tr ' ' '\n' | sort | xargs)"

echo "$passed passed, $failed failed"
[ $failed = 0 ]
