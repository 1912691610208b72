# One recording of two short npm ws sessions, one over IPv4 and one over IPv6, in the file formats and with
# the link types that the other captures do not have.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
serve 8080 node "$peers/ws-server.js" $S4 8080
serve 8080 node "$peers/ws-server.js" $S6 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client node "$peers/ws-client.js" ws://$S4:8080/ipv4 short
in_client node "$peers/ws-client.js" "ws://[$S6]:8080/ipv6" short-deflate
capture_stop
for kind in micro-big-endian nano nano-big-endian truncated null loop raw ppp pppoe wifi-radiotap wifi; do
    "$PYTHON" "$peers/formats.py" "$work/raw.pcap" "$OUT/format-$kind.pcap" $kind
done
"$PYTHON" "$peers/formats.py" "$work/raw.pcap" "$OUT/format-gzip.pcap.gz" gzip
"$PYTHON" "$peers/formats.py" "$work/raw.pcap" "$OUT/format-pcapng-big-endian.pcapng" pcapng-big-endian
truth format node "$(npm_version ws)"
