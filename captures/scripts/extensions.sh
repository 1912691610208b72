# Raw sockets: every extension that changes what is on the wire, one connection each, by encoders written for
# this.
. "$(dirname "$0")/../lib.sh"
net_up
serve 8080 "$PYTHON" "$peers/extensions.py" server $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client "$PYTHON" "$peers/extensions.py" client $S4 8080
capture_stop
keep raw.pcap extensions.pcapng
truth extensions python3
