# WebSocket over HTTP/2 (RFC 8441), several at once on one connection: in clear with prior knowledge (h2c),
# and over TLS 1.3 and 1.2 with the session keys beside. Node's http2 with npm ws on top, at both ends.
. "$(dirname "$0")/../lib.sh"
npm_install
names='plain deflate push closing refused long plain-2 deflate-2'

net_up
serve 8080 node "$peers/h2-server.js" $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
# shellcheck disable=SC2086
in_client timeout 30 node "$peers/h2-client.js" http://$S4:8080 $names
capture_stop
keep raw.pcap h2c.pcapng
truth h2c node "$(npm_version ws)"
net_down

net_up
certificate server rsa h2.example
serve 8443 node "$peers/h2-server.js" $S4 8443 "$work/server.key" "$work/server.pem"
capture "$ns_s" eth0 raw2.pcap tcp
for version in 1.3 1.2; do
    list=''
    for name in $names; do list="$list $name-tls$version"; done
    # shellcheck disable=SC2086
    in_client timeout 30 node --tls-keylog="$work/keys" --tls-min-v$version --tls-max-v$version \
        "$peers/h2-client.js" https://$S4:8443 $list
done
capture_stop
keep_tls raw2.pcap h2.pcap
truth h2 node "$(npm_version ws)"
