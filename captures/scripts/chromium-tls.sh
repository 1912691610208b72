# Headless Chromium and npm ws over HTTP/1.1 in TLS 1.3 and in TLS 1.2, with the keys that Chromium logged.
. "$(dirname "$0")/../lib.sh"
need chromium
npm_install
net_up
PAGE=$peers/page-tls.html
export PAGE
certificate server ec $S4 -addext "subjectAltName=IP:$S4"
serve 8443 node "$peers/ws-server.js" $S4 8443 "$work/server.key" "$work/server.pem"
capture "$ns_s" eth0 raw.pcap tcp
for version in 1.3 1.2; do
    chromium_visit --ignore-certificate-errors --ssl-version-max=tls$version "https://$S4:8443/?chromium-tls$version"
done
capture_stop
keep_tls raw.pcap chromium-tls.pcap
truth chromium-tls chromium node "$(npm_version ws)"
