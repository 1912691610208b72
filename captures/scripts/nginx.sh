# npm ws through nginx to npm ws, both legs: ordinary requests (bodies by length and chunked, HEAD,
# 100-continue, a range) on the same persistent connections before the upgrade.
. "$(dirname "$0")/../lib.sh"
need nginx
npm_install
net_up
mkdir -p "$work/www/static"
seq 1 400 > "$work/www/static/page.txt"
sed -e "s|@WORK@|$work|" -e "s|@LISTEN@|$S4:80|" -e "s|@BACKEND@|127.0.0.1:9000|" "$peers/nginx.conf" > "$work/nginx.conf"
serve 9000 node "$peers/ws-server.js" 127.0.0.1 9000
serve 80 nginx -e "$work/error.log" -c "$work/nginx.conf"
lo_like_a_cable
capture "$ns_s" eth0 front.pcap tcp
capture "$ns_s" lo back.pcap tcp
in_client timeout 30 node "$peers/keepalive-client.js" $S4 80
capture_stop
pcap join "$OUT/nginx.pcapng" "$work/front.pcap" "$work/back.pcap"
truth nginx nginx node "$(npm_version ws)"
