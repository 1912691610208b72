# The same short npm ws session through each tunnel, all in one file: MPLS, PPPoE, GRE, GRE with bridged
# Ethernet, VXLAN, GENEVE with an option, IP-in-IP, 6in4, GTP-U with a sequence number, Teredo.
. "$(dirname "$0")/../lib.sh"
npm_install
parts=''
for kind in mpls pppoe gre gretap vxlan geneve ipip 6in4 gtpu teredo; do
    case $kind in
    6in4 | teredo) url="ws://[$S6]:8080" at=$S6 ;;
    *) url=ws://$S4:8080 at=$S4 ;;
    esac
    log=$(cat "$WSIGHT_LOG")
    net_down
    printf '%s\n' "$log" | grep . > "$WSIGHT_LOG" || :
    net_up_linked 1400 "wrap=$kind near=1" "wrap=$kind near=2"
    serve 8080 node "$peers/ws-server.js" $at 8080
    capture "$ns_m" wire $kind.pcap
    SHORT_PATH=/through-$kind in_client node "$peers/ws-client.js" "$url" short
    capture_stop
    parts="$parts $work/$kind.pcap"
done
# shellcheck disable=SC2086
pcap join "$OUT/tunnels.pcapng" $parts
truth tunnels node "$(npm_version ws)"
