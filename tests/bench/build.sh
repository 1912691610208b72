#!/bin/sh
# build.sh DIRECTORY: builds the benchmark's own programs there. CC, CFLAGS and LDFLAGS are respected.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
to=$1
mkdir -p "$to"
CC=${CC:-cc}
CFLAGS=${CFLAGS:--O2 -g}
FLAGS="-std=c17 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
    -Wmissing-prototypes -Wvla"

# newer PROGRAM SOURCE...: is the program there, and none of its sources newer?
newer() {
    program=$1
    shift
    [ -x "$program" ] && [ -z "$(find "$@" -newer "$program")" ]
}

# build NAME 'SOURCES' 'LIBRARIES'
build() {
    name=$1
    sources=
    for source in $2; do
        sources="$sources $here/$source"
    done
    newer "$to/$name" "$here"/*.h $sources && return 0
    # shellcheck disable=SC2086 # flags and names are lists
    $CC $FLAGS $CFLAGS ${LDFLAGS:-} -o "$to/$name" $sources $3
}

build generate 'generate.c session.c frame.c payload.c lane.c bulk.c tls.c web.c tap.c impair.c' \
    '-lcrypto -lz -lm'
build bare 'bare.c' '-lpcap -lz'
build measure 'measure.c' ''
build send 'send.c' '-lpcap'
