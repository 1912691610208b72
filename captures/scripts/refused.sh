# Upgrades that npm ws clients asked for and node's http server refused, with each status; then two on one
# persistent connection that goes on as plain HTTP.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
serve 8080 node "$peers/refusing-server.js" $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client timeout 30 node "$peers/refused-client.js" $S4 8080
capture_stop
keep raw.pcap refused.pcapng
truth refused node "$(npm_version ws)"
