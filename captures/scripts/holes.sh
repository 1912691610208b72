# Captures that miss something, derived from one recording of three longer npm ws sessions (plain,
# compressed with context takeover, compressed without): segments that were never captured, a start in the
# middle, segments that the capture holds only after their ACK; and, complete, sequence numbers that wrap. Each truth lists every message, so that
# what is left can be compared.
. "$(dirname "$0")/../lib.sh"
npm_install
net_up
WSIGHT_MESSAGES=1
export WSIGHT_MESSAGES
serve 8080 node "$peers/ws-server.js" $S4 8080
capture "$ns_s" eth0 raw.pcap tcp
in_client node "$peers/ws-client.js" ws://$S4:8080 long
capture_stop
pcap midstream "$work/raw.pcap" "$OUT/midstream.pcapng" 9
pcap late "$work/raw.pcap" "$OUT/late.pcapng" 5 30
pcap wrap "$work/raw.pcap" "$OUT/wrapped.pcap"
pcap gap "$work/raw.pcap" "$OUT/gap.pcapng" 7 6 2> "$work/dropped"
truth midstream node "$(npm_version ws)"
truth late node "$(npm_version ws)"
truth wrapped node "$(npm_version ws)"
WSIGHT_DROPPED=$work/dropped
export WSIGHT_DROPPED
truth gap node "$(npm_version ws)"
