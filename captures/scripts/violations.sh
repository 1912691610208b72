# Raw sockets: every frame and close violation of RFC 6455, one connection each, and beside them what is
# odd but allowed.
. "$(dirname "$0")/../lib.sh"
net_up
serve 8080 "$PYTHON" "$peers/violations.py" server $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client "$PYTHON" "$peers/violations.py" client $S4 8080
capture_stop
keep raw.pcap violations.pcapng
truth violations python3
