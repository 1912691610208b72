# Headless Chromium: a page that talks to npm ws with echoes, JSON, binary, subprotocols and close codes;
# Origin (the page's, another port's, null) and cookies are there. The page's own requests are in it too.
. "$(dirname "$0")/../lib.sh"
need chromium
npm_install
net_up
PAGE=$peers/page.html
export PAGE
serve 8080 node "$peers/ws-server.js" $S4 8080
serve 8081 node "$peers/ws-server.js" $S4 8081
capture "$ns_s" eth0 raw.pcap tcp
start "$ns_c" env HOME="$work" chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync --user-data-dir="$work/profile" \
    --unsafely-treat-insecure-origin-as-secure=http://$S4:8080 http://$S4:8080/ > "$work/chromium.out" 2>&1
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
keep raw.pcap chromium.pcapng
truth chromium chromium node "$(npm_version ws)"
