# npm ws over TLS 1.3 and 1.2 (node's https, a certificate of its own), with a server name and without;
# the session keys in wss.keys, and the same capture with the keys inside (wss-secrets.pcapng).
. "$(dirname "$0")/../lib.sh"
need openssl
npm_install
net_up
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 30 \
    -subj /CN=chat.example 2> /dev/null
serve 8443 node "$peers/ws-server.js" $S4 8443 "$work/key.pem" "$work/cert.pem"
capture "$ns_s" eth0 raw.pcap tcp
NODE_NO_WARNINGS=1 in_client timeout 30 node --tls-keylog="$work/keys" "$peers/wss-client.js" $S4 8443
capture_stop
install -m 644 "$work/keys" "$OUT/wss.keys"
keep raw.pcap wss.pcap
pcap secrets "$work/raw.pcap" "$OUT/wss-secrets.pcapng" "$work/keys"
truth wss node "$(npm_version ws)"
