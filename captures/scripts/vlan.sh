# npm ws on a link with an 802.1Q tag, and on one with stacked tags (802.1ad and 802.1Q, QinQ).
. "$(dirname "$0")/../lib.sh"
npm_install
for kind in vlan qinq; do
    net_up_linked 1500 "wrap=$kind" "wrap=$kind"
    serve 8080 node "$peers/ws-server.js" $S4 8080
    capture "$ns_m" wire $kind.pcap
    in_client node "$peers/ws-client.js" ws://$S4:8080 short short-deflate
    capture_stop
    keep $kind.pcap $kind.pcap
    truth $kind node "$(npm_version ws)"
    net_down
done
