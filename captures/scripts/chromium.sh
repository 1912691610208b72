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
chromium_visit --unsafely-treat-insecure-origin-as-secure=http://$S4:8080 http://$S4:8080/
capture_stop
keep raw.pcap chromium.pcapng
truth chromium chromium node "$(npm_version ws)"
