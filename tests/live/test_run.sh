#!/bin/bash
# wsight run: a command's own WebSocket traffic, decrypted, and nobody else's; its exit status, its
# user, the private key log and what becomes of it.
# shellcheck disable=SC2154 # lib.sh sets them
# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh
need_namespace
need_certificate

# Other users run commands from here.
shared=$(mktemp -d /tmp/wsight-run-XXXXXX)
trap 'clean_up; rm -rf "$shared"' EXIT
chmod 755 "$shared"
cp $talk tests/live/talk.js "$program" "$tmp/cert.pem" "$tmp/key.pem" "$shared/"
server() { # server ARGUMENT...
    ip netns exec "$ns" python3 $talk --listen "$@" 2>/dev/null &
    pids="$pids $!"
}
server --port 8443 --tls "$shared"
server --port 8080
for _ in $(seq 100); do
    inside python3 -c 'import socket
for port in 8080, 8443: socket.create_connection(("127.0.0.1", port))' 2>/dev/null && break
    sleep 0.05
done
# run NAME OPTION... -- COMMAND...: sets $status
run() {
    local name=$1
    shift
    inside timeout 60 "$program" run -o "$tmp/$name.out" "$@" >"$tmp/$name.said" 2>"$tmp/$name.err" </dev/null
    status=$?
}
wss="python3 $shared/talk.py --remote --port 8443 --tls $shared"

# --- What the command says over TLS is read
run python -- $wss --messages 2 --status 3
check "the command's exit status is passed on" 3 "$status"
has "its session is seen through TLS" 'open .* to 127\.0\.0\.1:8443/talk/1' "$tmp/python.out"
check "with every message" 4 "$(grep -c 'message [12] of session 1' "$tmp/python.out")"
has "and its end" 'end +clean' "$tmp/python.out"
check "there is nothing to complain of" "" "$(cat "$tmp/python.err")"
run jsonl --format=jsonl --frames -- $wss --sessions 2 --messages 1
check "options of follow are taken" 4 "$(grep -c '"type":"message".*"opcode":"text"' "$tmp/jsonl.out")"
run plain -- python3 "$shared/talk.py" --remote --port 8080 --messages 1 --hold 0.1
has "a session without TLS is known by its socket" 'open .* to 127\.0\.0\.1:8080/talk/1' "$tmp/plain.out"
# shellcheck disable=SC2016 # for the inner shell
run nested -- sh -c "$wss --messages 1; exit 5"
check "the status is that of the command, not of what it starts" 5 "$status"
has "whose session is seen, too" '/talk/1' "$tmp/nested.out"
run server -- sh -c "python3 $shared/talk.py --port 8444 --tls $shared --messages 1 --hold 0.1"
has "a command may be the server" 'to 127\.0\.0\.1:8444/talk/1' "$tmp/server.out"

# --- ... and nobody else's
ip netns exec "$ns" python3 $talk --remote --port 8080 --sessions 20 --messages 2 --pause 0.05 &
others=$!
ip netns exec "$ns" $wss --sessions 20 --messages 2 --pause 0.05 &
others="$others $!"
run alone -- $wss --messages 1 --hold 0.3
check "sessions of others are left out" 1 "$(grep -c ' open ' "$tmp/alone.out")"
# shellcheck disable=SC2086 # numbers
kill $others
run idle -- sleep 0.3
check "a command without sockets has no sessions" "0 0" "$status $(grep -c open "$tmp/idle.out")"

# --- Other programs
if command -v node >/dev/null 2>&1; then
    NODE_OPTIONS=--no-deprecation run node -- node "$shared/talk.js" 8443
    has "node, by NODE_OPTIONS" '> +text 15 B: hello from node' "$tmp/node.out"
    # shellcheck disable=SC2016 # for the inner shell
    NODE_OPTIONS=--no-deprecation run options -- sh -c 'echo "$NODE_OPTIONS"'
    has "what the user had there stays" '^--no-deprecation --tls-keylog=/.*/keys$' "$tmp/options.said"
fi
if command -v curl >/dev/null 2>&1; then
    run curl -- curl -skN --max-time 0.5 -H "Upgrade: websocket" -H "Connection: Upgrade" \
        -H "Sec-WebSocket-Version: 13" -H "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==" \
        https://127.0.0.1:8443/from-curl
    check "curl ran out of time" 28 "$status"
    has "curl, by SSLKEYLOGFILE" 'open .*/from-curl' "$tmp/curl.out"
fi
if /usr/bin/python3 -c 'import websockets' 2>/dev/null; then
    cat >"$tmp/client.py" <<'END'
import asyncio, ssl, sys, websockets
async def main():
    tls = ssl.create_default_context(cafile=sys.argv[1])
    async with websockets.connect("wss://127.0.0.1:8443/from-websockets", ssl=tls,
                                  server_hostname="talk.example") as session:
        await session.send("hello from websockets")
        await session.recv()
asyncio.run(main())
END
    run websockets -- /usr/bin/python3 "$tmp/client.py" "$shared/cert.pem"
    has "python3-websockets" '> +text 21 B: hello from websockets' "$tmp/websockets.out"
fi
if command -v chromium >/dev/null 2>&1; then
    page='data:text/html,<script>s = new WebSocket("wss://127.0.0.1:8443/from-chromium");
        s.onopen = () => s.send("hello from chromium"); s.onmessage = () => s.close(1000)</script>'
    # Without those checks a page may talk to this machine unasked.
    HOME=$tmp run chromium --sessions 1 -- chromium --headless --no-sandbox --disable-gpu --disable-quic \
        --no-first-run --disable-background-networking --disable-component-update --disable-sync \
        --disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets \
        --user-data-dir="$tmp/profile" --ignore-certificate-errors "$page"
    has "Chromium, which wsight ends after its session" '> +text 19 B: hello from chromium' "$tmp/chromium.out"
fi
run silent -- sh -c '(sleep 0.4; echo) | openssl s_client -connect 127.0.0.1:8443 2>&1'
has "a program that gives no keys is told of" '^wsight: sh gave no TLS keys' "$tmp/silent.err"
has "its connection is listed" 'tls .*cannot be read' "$tmp/silent.out"

# --- Commands that cannot be run
run none -- "$tmp/no-such-command"
check "a command that is not there" 127 "$status"
has "is told" "^wsight: $tmp/no-such-command: No such file or directory" "$tmp/none.err"
run text -- "$shared/cert.pem"
check "a file that is no program" 126 "$status"
# shellcheck disable=SC2016 # for the inner shell
run killed -- sh -c 'kill -9 $$'
check "one that was killed" 137 "$status"

# --- The key log is private, and goes
# shellcheck disable=SC2016 # for the inner shell
look='stat -c "%a %u" "$(dirname "$SSLKEYLOGFILE")" "$SSLKEYLOGFILE"; echo "$SSLKEYLOGFILE"; id -u; id -G
    echo "$HOME"; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status'
run file -- sh -c "$look"
check "nobody else can read it" "700 0 600 0" "$(head -2 "$tmp/file.said" | tr '\n' ' ' | sed 's/ $//')"
has "root stays root" '^CapEff:.*[1-9a-f]' "$tmp/file.said"
gone() { check "$1" no "$([ -e "$(dirname "$2")" ] && echo yes || echo no)"; }
gone "it is removed at the end" "$(sed -n 3p "$tmp/file.said")"

# interrupted NAME SIGNAL COMMAND: the command prints its SSLKEYLOGFILE first
interrupted() {
    ip netns exec "$ns" "$program" run -o "$tmp/$1.out" -- sh -c "$3" >"$tmp/$1.said" 2>"$tmp/$1.err" </dev/null &
    pid=$!
    pids="$pids $pid"
    await_line keys "$tmp/$1.said"
    kill "-$2" $pid
    await
    keys=$(head -1 "$tmp/$1.said")
}
# shellcheck disable=SC2016 # for the inner shell
begin='echo "$SSLKEYLOGFILE"; '
interrupted int INT "${begin}trap 'exit 7' INT; for i in 1 2 3 4 5 6 7 8 9; do sleep 0.2; done"
check "the command is asked first, and its status counts" 7 "$status"
gone "after Ctrl-C the keys are gone" "$keys"
interrupted term TERM "${begin}exec sleep 20"
check "a command that goes at once" 143 "$status"
gone "after SIGTERM the keys are gone" "$keys"
interrupted kill KILL "${begin}echo \$\$; exec sleep 20"
for _ in $(seq 100); do
    [ -e "$(dirname "$keys")" ] || break
    sleep 0.02
done
gone "even after SIGKILL the keys are gone" "$keys"
command_pid=$(sed -n 2p "$tmp/kill.said")
for _ in $(seq 150); do
    kill -0 "$command_pid" 2>/dev/null || break
    sleep 0.02
done
check "and the command ends" 1 "$(kill -0 "$command_pid" 2>/dev/null && echo 0 || echo 1)"

# --- Who the command is
export SUDO_UID SUDO_GID SUDO_USER
SUDO_UID=$(id -u nobody) SUDO_GID=$(id -g nobody) SUDO_USER=nobody
run sudo -- sh -c "$look; $wss --messages 1"
unset SUDO_UID SUDO_GID SUDO_USER
check "under sudo the command is who called it" "$(id -u nobody)" "$(sed -n 4p "$tmp/sudo.said")"
has "the key log is theirs" "^600 $(id -u nobody)$" "$tmp/sudo.said"
has "and the home folder" "^$(getent passwd nobody | cut -d: -f6)$" "$tmp/sudo.said"
has "capabilities it has none" '^CapEff:.*\b0{16}$' "$tmp/sudo.said"
has "its session is seen" '/talk/1' "$tmp/sudo.out"
gone "the keys are gone" "$(sed -n 3p "$tmp/sudo.said")"
if command -v setcap >/dev/null 2>&1 && command -v setpriv >/dev/null 2>&1 &&
    setcap cap_net_raw=ep "$shared/wsight" 2>/dev/null; then
    inside setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$shared/wsight" run -- \
        sh -c "$look; $wss --messages 1" >"$tmp/cap.out" 2>"$tmp/cap.err" </dev/null
    check "with the right to capture alone" 0 $?
    has "the command has not got it" '^CapEff:.*\b0{16}$' "$tmp/cap.out"
    has "the session is seen" '/talk/1' "$tmp/cap.out"
    gone "the keys are gone, too" "$(sed -n 3p "$tmp/cap.out")"
fi

# --- What analyses is sealed meanwhile
start sealed run -- sleep 20
check "root was given away" "$(id -u nobody)" "$(sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$pid/status")"
check "the filter is there" 2 "$(sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$pid/status")"
stop TERM
finish
