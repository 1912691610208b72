# npm ws to npm ws: fragments in both directions at once, with Pings and Pongs between them, empty
# fragments, fragments that cut UTF-8 characters.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
serve 8080 node "$peers/ws-server.js" $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client node "$peers/ws-client.js" ws://$S4:8080 fragmented
capture_stop
keep raw.pcap ws-fragmented.pcap
truth ws-fragmented node "$(npm_version ws)"
