# Four busy npm ws sessions at once over a link that loses 3 %, reorders 10 % and doubles 2 % of the
# frames, in the middle of the link (frames are lost before and after that point) and at the server.
. "$(dirname "$0")/../lib.sh"
npm_install
bad='loss=1.5 reorder=5 duplicate=1 delay=4'
net_up_linked 1500 "$bad seed=1" "$bad seed=2"
serve 8080 node "$peers/ws-server.js" $S4 8080
capture "$ns_m" wire middle.pcap tcp
capture "$ns_s" eth0 server.pcap tcp
in_client node "$peers/ws-client.js" ws://$S4:8080 busy
capture_stop
keep middle.pcap lossy-middle.pcapng
keep server.pcap lossy-server.pcap
truth lossy-middle node "$(npm_version ws)"
truth lossy-server node "$(npm_version ws)"
