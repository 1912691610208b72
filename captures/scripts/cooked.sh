# The short npm ws session captured on the 'any' device: Linux cooked headers version 1 and version 2.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
serve 8080 node "$peers/ws-server.js" $S4 8080
capture "$ns_s" any sll.pcap -y LINUX_SLL tcp
capture "$ns_s" any sll2.pcap -y LINUX_SLL2 tcp
in_client node "$peers/ws-client.js" ws://$S4:8080 short
capture_stop
keep sll.pcap cooked-v1.pcap
keep sll2.pcap cooked-v2.pcapng
truth cooked-v1 node "$(npm_version ws)"
truth cooked-v2 node "$(npm_version ws)"
