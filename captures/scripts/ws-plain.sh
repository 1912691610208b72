# npm ws to npm ws without compression: every message size class, every close code class, pings,
# subprotocols, and connections that end without a Close.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
serve 8080 node "$peers/ws-server.js" $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client node "$peers/ws-client.js" ws://$S4:8080 plain
capture_stop
keep raw.pcap ws-plain.pcapng
truth ws-plain node "$(npm_version ws)"
