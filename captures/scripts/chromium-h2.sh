# Headless Chromium and a node HTTP/2 server: the page comes over HTTP/2, so its WebSockets go over the same
# connection, each on a stream of its own (RFC 8441). The session keys that Chromium logged are beside.
. "$(dirname "$0")/../lib.sh"
need chromium openssl
npm_install
net_up
PAGE=$peers/page-h2.html
export PAGE
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 30 \
    -subj /CN=$S4 -addext "subjectAltName=IP:$S4" 2> /dev/null
serve 8443 node "$peers/h2-server.js" $S4 8443 "$work/key.pem" "$work/cert.pem"
capture "$ns_s" eth0 raw.pcap tcp
start "$ns_c" env HOME="$work" SSLKEYLOGFILE="$work/keys" chromium --headless --no-sandbox --disable-gpu \
    --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync \
    --user-data-dir="$work/profile" --ignore-certificate-errors https://$S4:8443/ > "$work/chromium.out" 2>&1
tries=0
until grep -q '"done"' "$WSIGHT_LOG"; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || die "the page did not finish: $(tail -5 "$work/chromium.out")"
    sleep 0.1
done
capture_stop
grep -v '"done"' "$WSIGHT_LOG" > "$work/log" || :
! grep '"problem"' "$work/log" || die "the page failed"
cp "$work/log" "$WSIGHT_LOG"
install -m 644 "$work/keys" "$OUT/chromium-h2.keys"
keep raw.pcap chromium-h2.pcapng
pcap secrets "$work/raw.pcap" "$OUT/chromium-h2-secrets.pcapng" "$work/keys"
truth chromium-h2 chromium node "$(npm_version ws)"
