# npm ws through an HTTP proxy written with node's http: CONNECT (granted and refused) and upgrades in
# absolute form; both legs.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
serve 9000 node "$peers/ws-server.js" 127.0.0.1 9000
serve 3128 node "$peers/connect-proxy.js" $S4 3128
capture "$ns_s" eth0 front.pcap tcp
capture "$ns_s" lo back.pcap tcp
in_client timeout 30 node "$peers/connect-client.js" $S4 3128 127.0.0.1 9000
capture_stop
pcap join "$OUT/connect-proxy.pcapng" "$work/front.pcap" "$work/back.pcap"
truth connect-proxy node "$(npm_version ws)"
