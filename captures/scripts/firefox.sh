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
cat "$peers/firefox.js" > "$work/profile/user.js"
echo "user_pref(\"dom.securecontext.allowlist\", \"$S4\");" >> "$work/profile/user.js"
capture "$ns_s" eth0 raw.pcap tcp
start "$ns_c" env HOME="$work" MOZ_HEADLESS=1 firefox-esr --no-remote --profile "$work/profile" http://$S4:8080/ \
    > "$work/firefox.out" 2>&1
browser_done "$work/firefox.out"
capture_stop
keep raw.pcap firefox.pcap
truth firefox "firefox=$(firefox-esr --version | grep -o '[0-9].*')" node "$(npm_version ws)"
