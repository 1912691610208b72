# RSA key exchange in TLS 1.2, 1.1 and 1.0: no keys of the sessions, but the private key of the server, made for
# this recording (tls-rsa.pem). Sessions that are resumed by ticket and by session id, and renegotiated, by npm ws
# and by openssl s_client.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
certificate rsa rsa every.example
TLS_MODULE=$peers/every-tls.js
export TLS_MODULE
serve 8443 node "$peers/ws-server.js" $S4 8443 "$work/rsa.key" "$work/rsa.pem"
capture "$ns_s" eth0 raw.pcap tcp
NODE_NO_WARNINGS=1 in_client timeout 60 node "$peers/wss-client.js" $S4 8443 tls12-aes256-gcm-sha384 \
    tls12-aes128-ccm tls12-aes128-sha256 tls12-mac-then-encrypt-aes128-sha tls11-aes256-sha tls10-aes256-sha rsa
through 8443 42001 s-client-ticket -tls1_2 -cipher AES256-GCM-SHA384 -sess_out "$work/ticket"
through 8443 42002 s-client-ticket-resumed -tls1_2 -cipher AES256-GCM-SHA384 -sess_in "$work/ticket"
through 8443 42003 s-client-id -tls1_2 -no_ticket -cipher AES128-SHA -sess_out "$work/id"
through 8443 42004 s-client-id-resumed -tls1_2 -no_ticket -cipher AES128-SHA -sess_in "$work/id"
through 8443 42005 renegotiate -tls1_2 -cipher AES128-GCM-SHA256
capture_stop
keep raw.pcap tls-rsa.pcap
install -m 644 "$work/rsa.key" "$OUT/tls-rsa.pem"
truth tls-rsa node openssl "$(npm_version ws)"
