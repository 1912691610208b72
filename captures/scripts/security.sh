# Raw sockets: credentials in the open, foreign origins, weak masking keys, a compression bomb (20 KB that
# become 20 MB), floods of Pings and Pongs; one connection each.
. "$(dirname "$0")/../lib.sh"
net_up
serve 8080 "$PYTHON" "$peers/security.py" server $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client "$PYTHON" "$peers/security.py" client $S4 8080
capture_stop
keep raw.pcap security.pcapng
truth security python3
