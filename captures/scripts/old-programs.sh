# Old programs that npm still has, in versions before RFC 6455: websocket-client 1.0.0 (hixie-76), ws 0.4 and
# websocket 1.0.8 (version 8) as clients, these and websocket-driver and faye-websocket 0.4 as servers.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
serve 8084 node --no-deprecation "$peers/old-programs.js" server $S4
capture "$ns_s" eth0 raw.pcap tcp
in_client node --no-deprecation "$peers/old-programs.js" client $S4
capture_stop
keep raw.pcap old-programs.pcapng
truth old-programs node "$(npm_version websocket-client-1.0.0)" "$(npm_version ws-0.4)" \
    "$(npm_version websocket-1.0.8)" "$(npm_version websocket-driver)" "$(npm_version faye-websocket-0.4)"
