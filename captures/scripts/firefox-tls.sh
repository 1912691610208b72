# Headless Firefox over TLS 1.3 and TLS 1.2 to npm ws, and over HTTP/2 to node's http2 (its WebSockets go there by
# extended CONNECT), with the keys that Firefox logged.
. "$(dirname "$0")/../lib.sh"
need firefox-esr
npm_install
net_up
PAGE=$peers/page-tls.html
export PAGE
certificate server ec $S4 -addext "subjectAltName=IP:$S4" -addext basicConstraints=CA:FALSE
serve 8443 node "$peers/ws-server.js" $S4 8443 "$work/server.key" "$work/server.pem"
serve 8444 node "$peers/h2-server.js" $S4 8444 "$work/server.key" "$work/server.pem"
fingerprint=$(openssl x509 -in "$work/server.pem" -noout -fingerprint -sha256 | cut -d= -f2)

# visit NAME PORT VERSION: VERSION as security.tls.version.max counts them
visit() {
    profile=$work/$1
    mkdir "$profile"
    cat "$peers/firefox.js" > "$profile/user.js"
    echo "user_pref(\"security.tls.version.max\", $3);" >> "$profile/user.js"
    printf '%s:%s:\tOID.2.16.840.1.101.3.4.2.1\t%s\t\n' $S4 "$2" "$fingerprint" > "$profile/cert_override.txt"
    start "$ns_c" env HOME="$work" MOZ_HEADLESS=1 SSLKEYLOGFILE="$work/keys" firefox-esr --no-remote \
        --profile "$profile" "https://$S4:$2/?$1" > "$work/firefox.out" 2>&1
    browser_done "$work/firefox.out"
}

capture "$ns_s" eth0 raw.pcap tcp
visit firefox-tls1.3 8443 4
visit firefox-tls1.2 8443 3
visit firefox-h2 8444 4
sleep 6 # Firefox leaves its streams open, and the server ends them after five seconds
capture_stop
keep_tls raw.pcap firefox-tls.pcap
truth firefox-tls "firefox=$(firefox-esr --version | grep -o '[0-9].*')" node "$(npm_version ws)"
