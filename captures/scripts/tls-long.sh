# npm ws over TLS 1.3, 1.2 and 1.0, longer sessions; the truth lists every message, so that packets can be taken
# out of the recording and what is left be compared.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
WSIGHT_MESSAGES=1
TLS_MODULE=$peers/every-tls.js
export WSIGHT_MESSAGES TLS_MODULE
certificate ec ec every.example
serve 8443 node "$peers/ws-server.js" $S4 8443 "$work/ec.key" "$work/ec.pem"
capture "$ns_s" eth0 raw.pcap tcp
NODE_NO_WARNINGS=1 in_client timeout 60 node --tls-keylog="$work/keys" "$peers/wss-client.js" $S4 8443 long
capture_stop
keep_tls raw.pcap tls-long.pcap
truth tls-long node "$(npm_version ws)"
