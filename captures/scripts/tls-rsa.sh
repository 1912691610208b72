# RSA key exchange in TLS 1.2, 1.1 and 1.0: no keys of the sessions, but the private key of the server, made for
# this recording (tls-rsa.pem).
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
certificate rsa rsa every.example
TLS_MODULE=$peers/every-tls.js
export TLS_MODULE
serve 8443 node "$peers/ws-server.js" $S4 8443 "$work/rsa.key" "$work/rsa.pem"
capture "$ns_s" eth0 raw.pcap tcp
NODE_NO_WARNINGS=1 in_client timeout 60 node "$peers/wss-client.js" $S4 8443 tls12-aes256-gcm-sha384 \
    tls12-aes128-ccm tls12-aes128-sha256 tls12-mac-then-encrypt-aes128-sha tls11-aes256-sha tls10-aes256-sha
capture_stop
keep raw.pcap tls-rsa.pcap
install -m 644 "$work/rsa.key" "$OUT/tls-rsa.pem"
truth tls-rsa node "$(npm_version ws)"
