#!/bin/sh
# Includes go one way: decoders/ knows neither analyzer/ nor ui/ and no packets, screens or threads;
# analyzer/ does not know ui/. Each offender is shown as file:line.

offenders=0

forbid() { # forbid FOLDER PATTERN WHY: no #include in FOLDER may match PATTERN
    [ -d "$1" ] || return 0
    found=$(grep -rnE --include='*.c' --include='*.h' --include='*.def' \
        "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]$2" "$1") || return 0
    echo "$found" | sed "s|\$|   <- $3|"
    offenders=1
}

for room in decoders analyzer; do
    forbid $room '(\.\./)*ui/' "$room/ may not include ui/"
done
forbid decoders '(\.\./)*analyzer/' "decoders/ may not include analyzer/"
forbid decoders '(pcap|.*curses|pthread|threads\.h|poll\.h|sys/socket)' "decoders/ has no pcap, screen, thread or socket"
forbid analyzer '.*curses' "analyzer/ has no screen"
exit $offenders
