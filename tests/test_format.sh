#!/bin/sh
# Every C file of the tree is as clang-format 14 leaves it ('make format').

for tool in clang-format-14 clang-format; do
    case $($tool --version 2>/dev/null) in
    *"version 14."*)
        # By find, not by git: a release has no repository.
        find . -type d \( -name '.git' -o -name build -o -name node_modules \) -prune -o \
            -name '*.[ch]' ! -path ./config.h -exec $tool --dry-run -Werror {} + 2>&1
        exit
        ;;
    esac
done
echo "clang-format 14 is not installed"
exit 77
