# What happens to keys in TLS besides a full handshake. npm ws at both ends: HelloRetryRequest, resumption by
# ticket and by session id, no extended master secret, renegotiation. python3-websockets through openssl s_client
# to npm ws and nginx: key updates, renegotiation, padded records, small ones, 0-RTT taken and refused.
. "$(dirname "$0")/../lib.sh"
need nginx
npm_install
net_up
certificate ec ec every.example
certificate rsa rsa every.example
openssl rand -out "$work/ticket.key" 80
sed -e "s|@WORK@|$work|" -e "s|@HOST@|$S4|" "$peers/nginx-tls.conf" > "$work/nginx.conf"
serve 9000 node "$peers/ws-server.js" 127.0.0.1 9000
TLS_MODULE=$peers/every-tls.js
export TLS_MODULE
serve 8443 node "$peers/ws-server.js" $S4 8443 "$work/ec.key,$work/rsa.key" "$work/ec.pem,$work/rsa.pem"
serve 8445 nginx -e "$work/error.log" -c "$work/nginx.conf"

capture "$ns_s" eth0 raw.pcap tcp
NODE_NO_WARNINGS=1 in_client timeout 60 node --tls-keylog="$work/keys" "$peers/wss-client.js" $S4 8443 handshakes
through 8443 42001 key-update -tls1_3
through 8443 42002 key-update-chacha -tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256
through 8443 42003 renegotiate -tls1_2
through 8443 42004 padded -tls1_3 -record_padding 512
through 8443 42005 small-records -tls1_3 -maxfraglen 512
through 8443 42006 small-records-tls12 -tls1_2 -maxfraglen 512
through 8444 42007 first -tls1_3 -sess_out "$work/session"
through 8444 42008 early -tls1_3 -sess_in "$work/session"
through 8445 42009 early-refused -tls1_3 -sess_in "$work/session"
capture_stop
keep_tls raw.pcap tls-handshakes.pcap
truth tls-handshakes node nginx python3 openssl "$(npm_version ws)" \
    "websockets=$("$PYTHON" -c 'import websockets.version as v; print(v.version)')"
