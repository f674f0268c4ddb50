#!/bin/sh
# Chromium, headless, opens an https page through weir-relay: an EventSource and a fetch of the page read events, and the
# page reports by weir-relay when each came. The browser trusts the tests' authority because its database of certificates
# holds it; another browser, whose database does not, gets nothing.
. "$(dirname "$0")/lib.inc"
. "$real/tls.inc"

need chromium chromium
need certutil libnss3-tools
need node nodejs

# Everything that a browser keeps is in a folder of its own, and it asks nobody but us.
start_browser() { # name, url
  launch "$1" env HOME="$work/$1" XDG_CONFIG_HOME="$work/$1" XDG_CACHE_HOME="$work/$1" DBUS_SESSION_BUS_ADDRESS=disabled: \
    chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-sync \
    --disable-background-networking --disable-component-update --disable-extensions --no-proxy-server \
    --host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1' --user-data-dir="$work/$1/profile" "$2"
}

make_database() { # name, options of certutil that fill it..
  name=$1
  mkdir -p "$work/$name/.pki/nssdb"
  shift
  certutil -d "sql:$work/$name/.pki/nssdb" -N --empty-password || die "no database of certificates"
  [ $# -eq 0 ] || certutil -d "sql:$work/$name/.pki/nssdb" "$@" || die "certutil takes no certificate"
}

start page node "$real/tls_page.mjs"
page=$url
start_relay relay $good --log-level info --access-log "$work/access.log" "$page"

make_database stranger
start_browser stranger "$url/"
check "a browser that does not trust us says so" logged_with "$work/relay.err" 'event=handshake error=WEIR_ETLS_ALERT'
check "it asks for nothing" test ! -s "$work/access.log"
end "$(pid_of stranger)"

make_database browser -A -t C,, -n weir -i "$ca/root.crt"
start_browser browser "$url/"
run_checks env ORIGIN="$page" node "$real/tls_browser.mjs"
check "the stream that was cut is logged so" logged_with "$work/access.log" '"target":"/events".*"end":"(truncated|reset)"'
end "$(pid_of browser)"
check_end_of relay
