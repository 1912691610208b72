# Headless Chromium and a node HTTP/2 server: the page comes over HTTP/2, so its WebSockets go over the same
# connection, each on a stream of its own (RFC 8441). The session keys that Chromium logged are beside.
. "$(dirname "$0")/../lib.sh"
need chromium
npm_install
net_up
PAGE=$peers/page-tls.html
export PAGE
certificate server rsa $S4 -addext "subjectAltName=IP:$S4"
serve 8443 node "$peers/h2-server.js" $S4 8443 "$work/server.key" "$work/server.pem"
capture "$ns_s" eth0 raw.pcap tcp
chromium_visit --ignore-certificate-errors https://$S4:8443/
capture_stop
keep_tls raw.pcap chromium-h2.pcapng
truth chromium-h2 chromium node "$(npm_version ws)"
