# npm ws over TLS 1.3 and 1.2 (node's https, a certificate of its own), with a server name and without;
# the session keys in wss.keys, and the same capture with the keys inside (wss-secrets.pcapng).
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
certificate server rsa chat.example
serve 8443 node "$peers/ws-server.js" $S4 8443 "$work/server.key" "$work/server.pem"
capture "$ns_s" eth0 raw.pcap tcp
NODE_NO_WARNINGS=1 in_client timeout 30 node --tls-keylog="$work/keys" "$peers/wss-client.js" $S4 8443
capture_stop
keep_tls raw.pcap wss.pcap
truth wss node "$(npm_version ws)"
