#!/bin/bash
# More than it can take: bodies are left out, then new connections, then the kernel drops packets, and
# each is told; afterwards all is decoded again. The program is stopped most of the time, so that no
# machine is fast enough.
# shellcheck disable=SC2154 # lib.sh sets them
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh
need_namespace
command -v curl >/dev/null 2>&1 || skip "curl is not installed"

start slow report -i lo --format=html --buffer 4M --metrics 9100
inside python3 - "$pid" "$tmp/over" <<'END' &
import os, signal, socket, sys, time
program, over = int(sys.argv[1]), sys.argv[2]
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink.bind(("127.0.0.1", 9))
block = b"x" * 1400
while not os.path.exists(over):
    os.kill(program, signal.SIGSTOP)
    for i in range(32): # a little more than the ring holds, within 0.12 s or as fast as it goes
        for _ in range(100):
            out.sendto(block, ("127.0.0.1", 9))
        with socket.socket() as connection: # begins, is refused, and counts nevertheless
            connection.connect_ex(("127.0.0.1", 7))
        time.sleep(0.003)
    os.kill(program, signal.SIGCONT)
    time.sleep(0.03)
END
# A session that is known before, and others that begin while it is too much.
inside python3 $talk --port 8081 --messages 100000 --pause 0.002 --while-no "$tmp/over" &
talking=$!
counted() { inside curl -s -m 60 http://127.0.0.1:9100/metrics | grep -qE "^wsight_$1_total [1-9]"; }
for _ in $(seq 100); do # until each was left out
    inside python3 $talk --sessions 5 --messages 2
    counted bodies_shed && counted connections_shed && break
done
touch "$tmp/over"
await_line 'it keeps up again' "$tmp/slow.err"
wait $talking
inside python3 $talk --port 8082 --messages 2
stop
check "it ends well" 0 "$status"
has "bodies go" 'bodies (and new connections )?are left out' "$tmp/slow.err"
has "then new connections" 'bodies and new connections are left out' "$tmp/slow.err"
has "and all comes back" 'it keeps up again: everything is decoded' "$tmp/slow.err"
tr '<>' '\n\n' <"$tmp/slow.out" | grep -A 80 'Not seen, or not in full' >"$tmp/words"
for what in 'messages whose bodies were left out' 'connections left out because' 'packets dropped by the kernel'; do
    has "the report counts: $what" "$what" "$tmp/words"
done
finish
