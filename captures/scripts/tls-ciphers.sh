# npm ws with every version of TLS from 1.0 to 1.3 and a cipher suite of every kind: AEAD and CBC, the latter
# with and without encrypt-then-mac; key exchange by ECDHE, DHE, RSA and a shared key; one suite that is not
# decrypted.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
certificate ec ec every.example
certificate rsa rsa every.example
TLS_MODULE=$peers/every-tls.js
export TLS_MODULE
serve 8443 node "$peers/ws-server.js" $S4 8443 "$work/ec.key,$work/rsa.key" "$work/ec.pem,$work/rsa.pem"
capture "$ns_s" eth0 raw.pcap tcp
NODE_NO_WARNINGS=1 in_client timeout 60 node --tls-keylog="$work/keys" "$peers/wss-client.js" $S4 8443 ciphers
capture_stop
keep_tls raw.pcap tls-ciphers.pcap
truth tls-ciphers node "$(npm_version ws)"
