# Raw sockets over TCP in its less usual moments: keep-alive probes, zero windows, half-closed connections,
# urgent data, a port used again, one byte per segment, the request in the SYN (Fast Open), and both ends
# opening at once over a slow link.
. "$(dirname "$0")/../lib.sh"
net_up
ip netns exec "$ns_c" sysctl -q -w net.ipv4.tcp_fastopen=5
ip netns exec "$ns_s" sysctl -q -w net.ipv4.tcp_fastopen=514
serve 8080 "$PYTHON" "$peers/tcpcases.py" server $S4 8080
capture "$ns_s" eth0 one.pcap tcp
in_client timeout 60 "$PYTHON" "$peers/tcpcases.py" client $S4 8080
capture_stop
log=$(cat "$WSIGHT_LOG")
net_down
printf '%s\n' "$log" > "$WSIGHT_LOG"
net_up_linked 1500 delay=250 ''
capture "$ns_m" wire two.pcap tcp
start "$ns_s" "$PYTHON" "$peers/tcpcases.py" server $S4 8082 simultaneous-open
in_client timeout 60 "$PYTHON" "$peers/tcpcases.py" client $S4 8082 simultaneous-open
sleep 1
capture_stop
pcap join "$OUT/tcp.pcapng" "$work/one.pcap" "$work/two.pcap"
truth tcp python3
