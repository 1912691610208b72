# What every recording script shares: a network of its own (two namespaces joined by a veth pair, or a
# userspace link in the middle), tcpdump around the programs, and their logs merged into one truth file.
# Sourced by scripts/*.sh; needs root, iproute2, ethtool, tcpdump, python3, node and npm.
# shellcheck shell=sh
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
peers=$here/peers
: "${PYTHON:=/usr/bin/python3}"
: "${OUT:=$here}"

# Addresses of the two hosts: the client is always .1, the server always .2.
C4=10.77.0.1 S4=10.77.0.2 C6=fd00:77::1 S6=fd00:77::2
export C4 S4 C6 S6
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

tag=ws$$
ns_c=$tag-c ns_s=$tag-s ns_m=$tag-m ns_n=$tag-n
work=$(mktemp -d)
chmod 755 "$work"
WSIGHT_LOG=$work/log.jsonl
export WSIGHT_LOG
: > "$WSIGHT_LOG"
daemons='' dumps=''

die() { echo "$0: $*" >&2; exit 1; }

need() {
    for tool in "$@"; do
        command -v "$tool" > /dev/null || die "$tool is not installed"
    done
}

cleanup() {
    # shellcheck disable=SC2086
    for pid in $dumps $daemons; do kill "$pid" 2> /dev/null || :; done
    wait 2> /dev/null || :
    for ns in "$ns_c" "$ns_s" "$ns_m" "$ns_n"; do
        ip netns del "$ns" 2> /dev/null || :
    done
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# npm packages live beside the scripts, ignored by git.
npm_install() {
    need node npm
    # Scripts of packages only build what can be done without.
    [ -d "$here/node_modules/ws-0.4" ] && [ -d "$here/node_modules/mqtt" ] ||
        (cd "$here" && npm install --no-package-lock --no-audit --no-fund --ignore-scripts --silent)
}

# The version of the npm package NAME, for truth.
npm_version() { echo "$1=$(node -p "require('$here/node_modules/$1/package.json').version")"; }

ns_new() {
    ip netns add "$1"
    ip -n "$1" link set lo up
    ip netns exec "$1" sysctl -q -w net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
        net.ipv6.conf.default.router_solicitations=0
    # An idle cache of path metrics would make the second recording differ from the first.
    ip netns exec "$1" sysctl -q -w net.ipv4.tcp_no_metrics_save=1
}

# veth_pair NS1 IF1 NS2 IF2: one cable, without the offloads that would put frames of 64 KB and wrong
# checksums into a capture.
veth_pair() {
    ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
    veth_end "$1" "$2"
    veth_end "$3" "$4"
}

veth_end() {
    ip netns exec "$1" ethtool -K "$2" tso off gso off gro off tx off rx off sg off > /dev/null 2>&1 || :
    ip -n "$1" link set "$2" up
}

# host NS IF ADDR4 ADDR6 MAC [MTU]
host() {
    ip -n "$1" link set "$2" address "$5"
    ip -n "$1" link set "$2" mtu "${6:-1500}"
    ip -n "$1" addr add "$3/24" dev "$2"
    ip -n "$1" addr add "$4/64" dev "$2" nodad
}

hosts() {
    host "$ns_c" eth0 $C4 $C6 02:00:00:00:00:01 "${1:-1500}"
    host "$ns_s" eth0 $S4 $S6 02:00:00:00:00:02 "${1:-1500}"
}

# The server's loopback, too, without offloads and with segments of the usual size.
lo_like_a_cable() {
    ip netns exec "$ns_s" ethtool -K lo tso off gso off gro off tx off > /dev/null 2>&1 || :
    ip -n "$ns_s" link set lo mtu 1500
}

# A client and a server on one cable.
net_up() {
    need ip ethtool tcpdump "$PYTHON"
    ns_new "$ns_c"
    ns_new "$ns_s"
    veth_pair "$ns_c" eth0 "$ns_s" eth0
    hosts
}

# The client's cable and the server's cable end in two boxes (link.py) joined by a third cable, so that
# what happens on it (loss, tags, tunnels) is chosen there and can be captured there.
#   net_up_linked MTU 'options of the client side box' 'options of the server side box'
net_up_linked() {
    need ip ethtool tcpdump "$PYTHON"
    for ns in "$ns_c" "$ns_s" "$ns_m" "$ns_n"; do ns_new "$ns"; done
    veth_pair "$ns_c" eth0 "$ns_m" in
    veth_pair "$ns_m" wire "$ns_n" wire
    veth_pair "$ns_n" in "$ns_s" eth0
    hosts "$1"
    for ns in "$ns_m" "$ns_n"; do
        ip -n "$ns" link set wire mtu 1600
        ip netns exec "$ns" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1
    done
    # shellcheck disable=SC2086
    start "$ns_m" "$PYTHON" "$peers/link.py" in wire $2
    # shellcheck disable=SC2086
    start "$ns_n" "$PYTHON" "$peers/link.py" in wire $3
    sleep 0.5
}

in_client() { ip netns exec "$ns_c" "$@"; }
in_server() { ip netns exec "$ns_s" "$@"; }

# start NS COMMAND...: in the background until the script ends.
start() {
    ns=$1
    shift
    ip netns exec "$ns" "$@" &
    daemons="$! $daemons"
}

stop_daemons() {
    # shellcheck disable=SC2086
    for pid in $daemons; do kill "$pid" 2> /dev/null || :; done
    # shellcheck disable=SC2086
    for pid in $daemons; do wait "$pid" 2> /dev/null || :; done
    daemons=''
}

# net_down: another network may be made, with a log of its own.
net_down() {
    stop_daemons
    for ns in "$ns_c" "$ns_s" "$ns_m" "$ns_n"; do ip netns del "$ns" 2> /dev/null || :; done
    : > "$WSIGHT_LOG"
}

# serve PORT COMMAND...: start in the server's namespace and wait until PORT listens.
serve() {
    port=$1
    shift
    start "$ns_s" "$@"
    wait_port "$ns_s" "$port"
}

wait_port() {
    tries=0
    until ip netns exec "$1" ss -Hltn "sport = :$2" | grep -q .; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || die "nothing listens on port $2"
        sleep 0.1
    done
}

# capture NS INTERFACE FILE [OPTION...]: until capture_stop. FILE is in $work.
capture() {
    ns=$1 dev=$2 file=$work/$3
    shift 3
    ip netns exec "$ns" tcpdump -i "$dev" -w "$file" -Z root -U --immediate-mode -B 8192 \
        --time-stamp-precision=nano "$@" 2> "$file.err" &
    dumps="$! $dumps"
    tries=0
    until grep -qs 'listening on' "$file.err"; do
        tries=$((tries + 1))
        [ $tries -lt 50 ] || die "tcpdump did not start: $(cat "$file.err")"
        sleep 0.1
    done
}

capture_stop() {
    sleep 0.5
    # shellcheck disable=SC2086
    for pid in $dumps; do kill -INT "$pid" 2> /dev/null || :; done
    # shellcheck disable=SC2086
    for pid in $dumps; do wait "$pid" 2> /dev/null || :; done
    dumps=''
    for err in "$work"/*.err; do
        grep -q '^0 packets dropped by kernel' "$err" || die "the kernel dropped packets: $(cat "$err")"
    done
}

# certificate NAME KIND CN [OPTION...]: $work/NAME.key and $work/NAME.pem, self-signed; KIND is rsa or ec.
certificate() {
    need openssl
    name=$1 kind=$2 subject=/CN=$3
    shift 3
    case $kind in
    rsa) kind=rsa:2048 ;;
    ec) kind='ec -pkeyopt ec_paramgen_curve:P-256' ;;
    esac
    # shellcheck disable=SC2086 # the kind may be two options
    openssl req -x509 -newkey $kind -nodes -keyout "$work/$name.key" -out "$work/$name.pem" -days 30 \
        -subj "$subject" "$@" 2> /dev/null
}

# through PORT LOCAL-PORT NAME [S_CLIENT-OPTION...]: a session whose TLS is openssl s_client's (pipe-client.py).
through() {
    port=$1
    shift
    in_client timeout 30 "$PYTHON" "$peers/pipe-client.py" $S4 "$port" "$@"
}

# chromium_visit ARGUMENT...: starts a headless Chromium of its own, with the URL among the arguments; done when
# the page is.
chromium_visit() {
    start "$ns_c" env HOME="$work" SSLKEYLOGFILE="$work/keys" chromium --headless --no-sandbox --disable-gpu \
        --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync \
        --user-data-dir="$(mktemp -d "$work/profile.XXXXXX")" "$@" > "$work/chromium.out" 2>&1
    browser_done "$work/chromium.out"
}

# browser_done FILE: waits for the page to post what it received, which joins the log; FILE is what the browser
# printed.
browser_done() {
    tries=0
    until grep -q '"done"' "$WSIGHT_LOG"; do
        tries=$((tries + 1))
        [ $tries -lt 500 ] || die "the page did not finish: $(tail -5 "$1")"
        sleep 0.1
    done
    sleep 0.5 # for the server to see the last connection's end
    grep -v '"done"' "$WSIGHT_LOG" > "$work/log" || :
    ! grep '"problem"' "$work/log" || die "the page failed"
    cp "$work/log" "$WSIGHT_LOG"
}

pcap() { "$PYTHON" "$peers/pcap.py" "$@"; }

# keep RAW NAME: store a recording of this run under its name (the suffix chooses the format).
keep() { pcap copy "$work/$1" "$OUT/$2"; }

# keep_tls RAW NAME.pcap: the recording, its key log $work/keys beside it, and both as one pcapng.
keep_tls() {
    keep "$1" "$2"
    install -m 644 "$work/keys" "$OUT/${2%.*}.keys"
    pcap secrets "$work/$1" "$OUT/${2%.*}-secrets.pcapng" "$work/keys"
}

# truth NAME [PROGRAM...]: the logs of the endpoints become NAME.truth.json.
truth() {
    name=$1
    shift
    "$PYTHON" "$peers/truth.py" "$WSIGHT_LOG" "$@" > "$OUT/$name.truth.json"
}
