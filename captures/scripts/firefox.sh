# Headless Firefox with the same page as chromium.sh.
. "$(dirname "$0")/../lib.sh"
need firefox-esr
npm_install
net_up
PAGE=$peers/page.html
export PAGE
serve 8080 node "$peers/ws-server.js" $S4 8080
serve 8081 node "$peers/ws-server.js" $S4 8081
mkdir "$work/profile"
cat > "$work/profile/user.js" << 'EOF'
user_pref("dom.securecontext.allowlist", "10.77.0.2");
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
EOF
capture "$ns_s" eth0 raw.pcap tcp
start "$ns_c" env HOME="$work" MOZ_HEADLESS=1 firefox-esr --no-remote --profile "$work/profile" http://$S4:8080/ \
    > "$work/firefox.out" 2>&1
tries=0
until grep -q '"done"' "$WSIGHT_LOG"; do
    tries=$((tries + 1))
    [ $tries -lt 500 ] || die "the page did not finish: $(tail -5 "$work/firefox.out")"
    sleep 0.1
done
capture_stop
grep -v '"done"' "$WSIGHT_LOG" > "$work/log" || :
! grep '"problem"' "$work/log" || die "the page failed"
cp "$work/log" "$WSIGHT_LOG"
keep raw.pcap firefox.pcap
truth firefox "firefox=$(firefox-esr --version | grep -o '[0-9].*')" node "$(npm_version ws)"
