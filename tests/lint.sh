#!/bin/sh
# make lint: format, include direction, and the linters that are installed.

bad=0
run() { # run NAME COMMAND...
    name=$1
    shift
    "$@"
    case $? in
    0) echo "ok    $name" ;;
    77) echo "skip  $name" ;;
    *)
        echo "FAIL  $name"
        bad=1
        ;;
    esac
}

# Tracked files with a first line that names a POSIX shell or bash.
shell_scripts() {
    git ls-files | while read -r file; do
        [ -f "$file" ] || continue
        case $(head -c 64 "$file" | tr -d '\0' | head -n 1) in
        '#!'*/sh | '#!'*bash) echo "$file" ;;
        esac
    done
}

run format sh tests/test_format.sh
run includes sh tests/test_includes.sh
if command -v shellcheck >/dev/null 2>&1; then
    # shellcheck disable=SC2046 # the tree has no file names with blanks
    run shellcheck shellcheck -S warning $(shell_scripts)
else
    echo "skip  shellcheck (not installed)"
fi
if command -v cppcheck >/dev/null 2>&1; then
    set --
    for room in decoders analyzer ui; do
        [ ! -d $room ] || set -- "$@" $room
    done
    # internalAstError is the tool's own fault; autoVariables cannot see that a stream is freed before
    # what it points to; ctuuninitvar and ctunullpointer take a pointer to be filled for one to be read;
    # arrayIndexOutOfBoundsCond does not read assert(); incompatibleFileOpen means /dev/null.
    run cppcheck cppcheck --quiet --std=c11 --inline-suppr \
        --suppress=missingIncludeSystem --suppress=internalAstError \
        --suppress=autoVariables --suppress=ctuuninitvar --suppress=ctunullpointer \
        --suppress=arrayIndexOutOfBoundsCond --suppress=incompatibleFileOpen \
        --error-exitcode=1 -D_GNU_SOURCE -I. "$@"
else
    echo "skip  cppcheck (not installed)"
fi
exit $bad
