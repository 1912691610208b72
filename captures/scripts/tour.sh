# A bit of everything in a few seconds: npm ws plain, compressed, fragmented, over IPv6 and TLS, with every
# way to end; MQTT, GraphQL and OCPP; python3-websockets; refused upgrades; a connection that was there
# before the capture, one with a hole in it, violations and what a security review looks for.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
certificate server rsa chat.example
server="node $peers/ws-server.js"
for port in 8080 8090 8091; do serve $port $server $S4 $port; done
serve 8080 $server $S6 8080
serve 8443 $server $S4 8443 "$work/server.key" "$work/server.pem"
serve 8081 node "$peers/refusing-server.js" $S4 8081
serve 8104 node "$peers/subprotocol-server.js" $S4 8100
serve 8765 "$PYTHON" "$peers/py-server.py" $S4 8765
wrong='F1-client F3-rsv-4-by-client F9-continuation-of F12-utf8-lone F15-pong C3-code-1006 C10-data C16-reset'
risky='token-in-url token-in-subprotocol-jwt origin-foreign-with bearer-and mask-constant ok-origin-same'
serve 8082 "$PYTHON" "$peers/violations.py" server $S4 8082 $wrong
serve 8083 "$PYTHON" "$peers/security.py" server $S4 8083 $risky

capture "$ns_s" eth0 raw.pcap tcp
client="in_client timeout 60 node $peers/ws-client.js"
$client ws://$S4:8090/before long-plain long-deflate &
jobs=$!
$client ws://$S4:8091/hole long-plain long-deflate-nct & jobs="$jobs $!"
$client ws://$S4:8080 chat & jobs="$jobs $!"
$client ws://$S4:8080 live abnormal & jobs="$jobs $!"
$client ws://$S4:8080 upload endings & jobs="$jobs $!"
$client "ws://[$S6]:8080" short short-deflate & jobs="$jobs $!"
in_client timeout 60 node "$peers/subprotocol-client.js" $S4 8100 mqtt graphql ocpp & jobs="$jobs $!"
NODE_NO_WARNINGS=1 in_client timeout 60 node "$peers/wss-client.js" $S4 8443 tls13 tls12 & jobs="$jobs $!"
in_client timeout 60 node "$peers/refused-client.js" $S4 8081 302-login 401 403 404-chunked 426-versions & jobs="$jobs $!"
in_client timeout 60 "$PYTHON" "$peers/violations.py" client $S4 8082 $wrong & jobs="$jobs $!"
in_client timeout 60 "$PYTHON" "$peers/security.py" client $S4 8083 $risky & jobs="$jobs $!"
in_client timeout 60 "$PYTHON" "$peers/py-client.py" $S4 8765 scripts & jobs="$jobs $!"
for job in $jobs; do wait "$job"; done
capture_stop

pcap midstream "$work/raw.pcap" "$work/cut.pcap" 9 8090
pcap gap "$work/cut.pcap" "$OUT/tour.pcapng" 4 5 8091 2> "$work/dropped"
WSIGHT_DROPPED=$work/dropped
export WSIGHT_DROPPED
truth tour node python3 "$(npm_version ws)" "$(npm_version mqtt)" "$(npm_version aedes)" \
    "$(npm_version graphql-ws)" "websockets=$("$PYTHON" -c 'import websockets.version as v; print(v.version)')"
