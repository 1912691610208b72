# npm ws to npm ws with permessage-deflate in every negotiation that ws knows: one session each.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
serve 8080 node "$peers/ws-server.js" $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client node "$peers/ws-client.js" ws://$S4:8080 deflate
capture_stop
keep raw.pcap ws-deflate.pcapng
truth ws-deflate node "$(npm_version ws)"
