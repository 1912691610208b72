#!/bin/sh
# Records the captures again, each with the truth that its programs logged: record.sh [NAME...]
# Names are those of scripts/*.sh; without names, all. Needs root (for network namespaces).
set -eu
cd "$(dirname "$0")"
[ "$(id -u)" = 0 ] || { echo "record.sh: network namespaces need root" >&2; exit 1; }
# shellcheck disable=SC2046 # one word a script
[ $# -gt 0 ] || set -- $(for f in scripts/*.sh; do basename "$f" .sh; done)
failed=0
for name in "$@"; do
    if [ ! -f "scripts/$name.sh" ]; then
        echo "record.sh: no scripts/$name.sh" >&2
        failed=$((failed + 1))
    elif timeout 120 sh "scripts/$name.sh"; then
        echo "recorded $name"
    else
        echo "record.sh: $name failed" >&2
        failed=$((failed + 1))
    fi
done
exit "$failed"
