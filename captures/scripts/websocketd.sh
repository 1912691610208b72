# websocketd with a program that answers lines, and in binary mode; npm ws clients.
. "$(dirname "$0")/../lib.sh"
need websocketd
npm_install
net_up
unset REMOTE_ADDR REQUEST_URI || :
serve 8080 websocketd --loglevel=error --address=$S4 --port=8080 --passenv=WSIGHT_LOG "$PYTHON" "$peers/shout.py"
serve 8081 websocketd --loglevel=error --address=$S4 --port=8081 --passenv=WSIGHT_LOG --binary=true \
    "$PYTHON" "$peers/shout.py" --binary
capture "$ns_s" eth0 raw.pcap tcp
in_client timeout 30 node "$peers/websocketd-client.js" $S4 8080
capture_stop
keep raw.pcap websocketd.pcap
truth websocketd "websocketd=$(dpkg-query -W -f '${Version}' websocketd 2> /dev/null || echo unknown)" node "$(npm_version ws)"
