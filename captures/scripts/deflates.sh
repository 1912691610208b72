# Raw sockets: permessage-deflate as RFC 7692 allows and libraries rarely send it (its own examples, BFINAL,
# stored blocks, fragments both ways at once), and streams that are broken.
. "$(dirname "$0")/../lib.sh"
net_up
serve 8080 "$PYTHON" "$peers/deflates.py" server $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client "$PYTHON" "$peers/deflates.py" client $S4 8080
capture_stop
keep raw.pcap deflates.pcapng
truth deflates python3
