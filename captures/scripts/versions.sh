# Raw sockets: every version of the protocol from hixie-75 to RFC 6455, one connection each, by an encoder
# written for this; and the same without their handshakes.
. "$(dirname "$0")/../lib.sh"
net_up
serve 8080 "$PYTHON" "$peers/versions.py" server $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client "$PYTHON" "$peers/versions.py" client $S4 8080
capture_stop
keep raw.pcap versions.pcapng
pcap midstream "$work/raw.pcap" "$OUT/versions-midstream.pcapng" 0
truth versions python3
truth versions-midstream python3
