# Four busy npm ws sessions at once over a good link, then data segments of a direction swapped where TCP
# allows it (the other side said nothing in between): half of those that can be.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
serve 8080 node "$peers/ws-server.js" $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client node "$peers/ws-client.js" ws://$S4:8080 busy
capture_stop
pcap swap "$work/raw.pcap" "$OUT/out-of-order.pcapng" 3 50
truth out-of-order node "$(npm_version ws)"
