# TLS that ends at nginx: npm ws, python3-websockets and python3-aiohttp as clients over TLS 1.2 and 1.3, through
# one port to npm ws in clear, through another to npm ws over TLS again. Both legs; the keys are those of the
# clients and of the server behind nginx, which itself logs none.
. "$(dirname "$0")/../lib.sh"
need nginx
npm_install
net_up
certificate ec ec proxy.example
openssl rand -out "$work/ticket.key" 80
sed -e "s|@WORK@|$work|" -e "s|@HOST@|$S4|" "$peers/nginx-tls.conf" > "$work/nginx.conf"
serve 9000 node "$peers/ws-server.js" 127.0.0.1 9000
serve 8443 env NODE_NO_WARNINGS=1 node --tls-keylog="$work/keys" "$peers/ws-server.js" $S4 8443 "$work/ec.key" "$work/ec.pem"
serve 8445 nginx -e "$work/error.log" -c "$work/nginx.conf"
lo_like_a_cable
SSLKEYLOGFILE=$work/keys
export SSLKEYLOGFILE
capture "$ns_s" eth0 front.pcap tcp
capture "$ns_s" lo back.pcap tcp
NODE_NO_WARNINGS=1 in_client timeout 30 node --tls-keylog="$work/keys" "$peers/wss-client.js" $S4 8445 proxied
in_client timeout 30 "$PYTHON" "$peers/py-client.py" $S4 8444 tls "$work/ec.key" "$work/ec.pem" nginx-websockets
in_client timeout 30 "$PYTHON" "$peers/aio-client.py" wss://$S4:8445 "$work/ec.pem" nginx-aiohttp
capture_stop
pcap join "$work/both.pcapng" "$work/front.pcap" "$work/back.pcap"
keep_tls both.pcapng tls-nginx.pcap
truth tls-nginx nginx node python3 "$(npm_version ws)" \
    "websockets=$("$PYTHON" -c 'import websockets.version as v; print(v.version)')" \
    "aiohttp=$("$PYTHON" -c 'import aiohttp; print(aiohttp.__version__)')"
