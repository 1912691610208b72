# Debian's python3-websockets, client and server, with its default permessage-deflate (12-bit windows) and
# without: UTF-8 of many scripts, fragments, subprotocols, big messages.
. "$(dirname "$0")/../lib.sh"
net_up
serve 8765 "$PYTHON" "$peers/py-server.py" $S4 8765
capture "$ns_s" eth0 raw.pcap tcp
in_client "$PYTHON" "$peers/py-client.py" $S4 8765
capture_stop
keep raw.pcap python-websockets.pcap
truth python-websockets python3 "websockets=$("$PYTHON" -c 'import websockets.version as v; print(v.version)')"
