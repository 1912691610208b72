# npm ws to npm ws over IPv6, without and with compression.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
serve 8080 node "$peers/ws-server.js" $S6 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client node "$peers/ws-client.js" "ws://[$S6]:8080" short short-deflate
capture_stop
keep raw.pcap ipv6.pcap
truth ipv6 node "$(npm_version ws)"
