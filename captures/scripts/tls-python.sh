# Debian's python3-websockets and python3-aiohttp, clients and servers, over TLS 1.2 and 1.3; one server asks for
# the client's certificate later (post-handshake authentication). Both clients log their keys to SSLKEYLOGFILE.
. "$(dirname "$0")/../lib.sh"
net_up
certificate server ec python.example
serve 8766 "$PYTHON" "$peers/py-server.py" $S4 8765 "$work/server.key" "$work/server.pem"
serve 8080 "$PYTHON" "$peers/aio-server.py" $S4 8080 "$work/server.key" "$work/server.pem"
SSLKEYLOGFILE=$work/keys
export SSLKEYLOGFILE
capture "$ns_s" eth0 raw.pcap tcp
in_client timeout 30 "$PYTHON" "$peers/py-client.py" $S4 8765 tls "$work/server.key" "$work/server.pem"
in_client timeout 30 "$PYTHON" "$peers/aio-client.py" wss://$S4:8080 "$work/server.pem"
capture_stop
keep_tls raw.pcap tls-python.pcap
truth tls-python python3 "websockets=$("$PYTHON" -c 'import websockets.version as v; print(v.version)')" \
    "aiohttp=$("$PYTHON" -c 'import aiohttp; print(aiohttp.__version__)')"
