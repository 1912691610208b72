# Longer npm ws sessions captured with a snap length of 400 bytes (handshakes whole, large payloads cut) and
# of 128 bytes (handshakes cut too).
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
serve 8080 node "$peers/ws-server.js" $S4 8080
capture "$ns_s" eth0 400.pcap -s 400 tcp
capture "$ns_s" eth0 128.pcap -s 128 tcp
in_client node "$peers/ws-client.js" ws://$S4:8080 long
capture_stop
keep 400.pcap snaplen-400.pcap
keep 128.pcap snaplen-128.pcapng
truth snaplen-400 node "$(npm_version ws)"
truth snaplen-128 node "$(npm_version ws)"
