# Subprotocols as their npm packages speak them: MQTT 3.1.1 and a refused 5 (mqtt, aedes), GraphQL accepted and refused
# (graphql-ws), Socket.IO direct and upgraded from polling, STOMP 1.2 (@stomp/stompjs), OCPP 1.6.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
serve 8084 node "$peers/subprotocol-server.js" $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client timeout 60 node "$peers/subprotocol-client.js" $S4 8080
capture_stop
keep raw.pcap subprotocols.pcapng
truth subprotocols node "$(npm_version mqtt)" "$(npm_version aedes)" "$(npm_version graphql-ws)" \
    "$(npm_version socket.io)" "$(npm_version @stomp/stompjs)" "$(npm_version ws)"
