# The mosquitto broker (libwebsockets inside) and the npm mqtt client: MQTT 3.1.1 and MQTT 5.
. "$(dirname "$0")/../lib.sh"
need mosquitto
npm_install
net_up
printf 'listener 1883 127.0.0.1\nprotocol mqtt\nlistener 8080 %s\nprotocol websockets\nallow_anonymous true\n' $S4 > "$work/mosquitto.conf"
# The plain listener is there because mosquitto 2.0.11 does not start with a WebSocket listener alone.
serve 8080 mosquitto -c "$work/mosquitto.conf" 2> "$work/mosquitto.out"
capture "$ns_s" eth0 raw.pcap tcp
in_client timeout 30 node "$peers/subprotocol-client.js" $S4 8080 mqtt mqtt5
capture_stop
keep raw.pcap mosquitto.pcapng
truth mosquitto "mosquitto=$(mosquitto -h | sed -n '1s/.*version //p')" node "$(npm_version mqtt)" "$(npm_version ws)"
