# npm ws over a link that cuts IP packets of more than 600 bytes into fragments, some of them out of order
# or doubled: IPv4 and IPv6.
. "$(dirname "$0")/../lib.sh"
npm_install
cut='wrap=fragments delay=2 reorder=10 duplicate=3'
net_up_linked 1500 "$cut seed=5" "$cut seed=6"
serve 8080 node "$peers/ws-server.js" $S4 8080
serve 8080 node "$peers/ws-server.js" $S6 8080
capture "$ns_m" wire raw.pcap ip or ip6
in_client timeout 60 node "$peers/ws-client.js" ws://$S4:8080/ipv4 long-plain
in_client timeout 60 node "$peers/ws-client.js" "ws://[$S6]:8080/ipv6" long-plain long-deflate
capture_stop
keep raw.pcap fragments.pcapng
truth fragments node "$(npm_version ws)"
