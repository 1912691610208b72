# Debian's python3-aiohttp, client and server, plain and with its compression.
. "$(dirname "$0")/../lib.sh"
net_up
serve 8080 "$PYTHON" "$peers/aio-server.py" $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client timeout 30 "$PYTHON" "$peers/aio-client.py" ws://$S4:8080
capture_stop
keep raw.pcap aiohttp.pcapng
truth aiohttp python3 "aiohttp=$("$PYTHON" -c 'import aiohttp; print(aiohttp.__version__)')"
