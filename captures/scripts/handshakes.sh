# Raw sockets: opening handshakes with one fault each, and odd ones that are allowed.
. "$(dirname "$0")/../lib.sh"
net_up
serve 8080 "$PYTHON" "$peers/handshakes.py" server $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client "$PYTHON" "$peers/handshakes.py" client $S4 8080
capture_stop
keep raw.pcap handshakes.pcapng
truth handshakes python3
