#!/bin/sh
# weir-relay's flags of TLS towards origins: whom it believes, what it asks for and shows, what is said when a flag is
# wrong, and authorities that change while it runs. The origin is one in Python that tells what it saw.
. "$(dirname "$0")/lib.inc"
. "$real/cli.inc"

need curl curl
need openssl openssl
need "$python" python3
need_binary weir-relay
need_binary weir-origin
make_certificates
trust="--cacert $ca/root.crt"

start_origin origin
origin=$url

# ---- what is wrong is said in one line, and nothing starts ----

secure=https://127.0.0.1:1

for flag in "origin-ca $ca/root.crt" "origin-crl $ca/crl.pem" "origin-cert $ca/client.pem" "origin-key $ca/client.key" \
  "origin-sni off" "origin-verify-name x.test" origin-insecure origin-bare-end; do
  check "no_https_origin_for_--${flag% *}" refuses "--${flag%% *} needs an https origin" --$flag "$origin"
done
check an_origins_authority_that_is_not_there refuses_files "$work/none.pem: cannot be read" --origin-ca "$work/none.pem" "$secure"
check an_origins_key_without_certificate refuses "--origin-key $ca/client.key: there is no --origin-cert for it" \
  --origin-ca "$ca/root.crt" --origin-key "$ca/client.key" "$secure"
check an_origins_key_of_another_certificate refuses_files "$ca/good.key: is not the key of the certificate in $ca/client.pem" \
  --origin-ca "$ca/root.crt" --origin-cert "$ca/client.pem" --origin-key "$ca/good.key" "$secure"
check an_expired_certificate_for_origins refuses_files "$ca/client-expired.pem: the certificate has expired" \
  --origin-ca "$ca/root.crt" --origin-cert "$ca/client-expired.pem" --origin-key "$ca/client-expired.key" "$secure"
for flag in "origin-ca $ca/root.crt" "origin-crl $ca/crl.pem" "origin-verify-name x.test"; do
  check "carelessness_and_--${flag% *}" refuses "--origin-insecure believes whoever answers: leave out it or --${flag% *}" \
    --origin-insecure --$flag "$secure"
done
for name in "" "a b" 127.0.0.1 ::1 example.org:443 "$(printf %254s | tr ' ' a)"; do
  check "a_bad_name_to_ask_for ($name)" refuses "--origin-sni $name: want a name such as example.org, or off" \
    "--origin-sni=$name" "$secure"
done
check an_empty_name_to_insist_on refuses "--origin-verify-name '': want NAME" --origin-verify-name= "$secure"

all_flags() {
  timeout 10 "$relay" --check --listen 127.0.0.1:0 --origin-ca "$ca/root.crt" --origin-crl "$ca/crl.pem" \
    --origin-cert "$ca/client.pem" --origin-key "$ca/client.key" --origin-sni 1_x-Y.test --origin-verify-name good.test \
    --origin-bare-end --handshake-timeout 3s --route "/plain=$origin" --route "/upper=HTTPS://127.0.0.1:1" "$secure"
}

check every_flag_is_taken is "$(all_flags 2>&1; echo $?)" 0

# ---- the origin ----

# An origin in Python; its address is in $url.
start_secure() { # name, certificate, arguments..
  name=$1 certificate=$2
  shift 2
  start "$name" "$python" "$real/tls_origin.py" --cert "$ca/$certificate.pem" --key "$ca/$certificate.key" "$@"
}

# What the origin saw of TLS, for a request by the relay that is asked.
saw() { # key
  get /headers >"$work/headers"
  "$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/headers" "$1"
}

status() { # path
  get "$1" -o "$work/body" -w '%{http_code}'
}

# Starts a relay in front of an origin that is asked by another URL than the one it told.
front() { # name, URL, arguments..
  name=$1 to=$2
  shift 2
  start_relay "$name" "$@" "$to"
}

start_secure secure good
secure=$url
by_name=https://localhost:${secure##*:}

front trusting "$by_name" --origin-ca "$ca/root.crt" --route "/plain=$origin" --route "/other=HTTPS://${secure#https://}" \
  --access-log "$work/access.log"
check an_https_origin_answers is "$(status /headers)" 200
check it_is_asked_for_the_urls_host is "$(saw sni)" localhost
check the_best_version_is_spoken is "$(saw version)" TLSv1.3
check the_clients_host_goes_there_too is "$(saw sni; sent host)" "localhost
${url#http://}"
check the_origin_is_told_http is "$(sent x-forwarded-proto)" http
check another_url_in_capitals_works is "$(status /other)" 200
check an_address_is_not_asked_for is "$(get /other >"$work/headers"; "$python" -c 'import json, sys
print(json.load(open(sys.argv[1]))["sni"])' "$work/headers")" None
check a_plain_origin_beside_it_works is "$(get /plain -o "$work/body" -w '%{http_code}')" 404
get /last -o "$work/first"
get /last -o "$work/second"
get /last -o "$work/third"
check sessions_are_resumed_there matches '"reused": true' "$work/third"
get /bare -o "$work/body" 2>/dev/null
check a_bare_end_is_a_cut is $? 18
check it_is_logged logged /bare
check the_log_tells_truncated line_has "200 truncated" status end
check_end_of trusting

rm "$work/access.log"
front bare "$by_name" --origin-ca "$ca/root.crt" --origin-bare-end --access-log "$work/access.log"
get /bare -o "$work/body"
check a_bare_end_may_be_an_end is "$? $(cat "$work/body")" "0 bare"
check that_is_logged_too logged /bare
check the_log_tells_unmarked line_has "200 unmarked" status end
check_end_of bare

front unknowing "$by_name" --origin-ca "$ca/stranger.crt" --access-log "$work/access.log"
check an_origin_of_an_unknown_authority_is_502 is "$(status /unknown)" 502
check that_is_logged logged /unknown
check the_log_tells_unreachable line_has "502 unreachable" status end
check_end_of unknowing
front careless "$by_name" --origin-insecure
check carelessness_believes_it is "$(status /headers)" 200
check it_is_still_asked_for_the_host is "$(saw sni)" localhost
check_end_of careless

front nameless "$by_name" --origin-ca "$ca/root.crt" --origin-sni off
check without_sni_none_is_sent is "$(saw sni)" None
check_end_of nameless
front renamed "$by_name" --origin-ca "$ca/root.crt" --origin-sni other.test
check another_name_is_asked_for is "$(saw sni)" other.test
check_end_of renamed
front insisting "$by_name" --origin-ca "$ca/root.crt" --origin-verify-name elsewhere.test
check another_name_insisted_on_is_502 is "$(status /headers)" 502
check_end_of insisting

start_secure elsewhere elsewhere
front lenient "$url" --origin-ca "$ca/root.crt" --origin-verify-name elsewhere.test
check the_name_insisted_on_is_enough is "$(status /headers)" 200
check it_is_not_asked_for is "$(saw sni)" None
check_end_of lenient
front strict "https://localhost:$(sed 's/.*://' "$work/elsewhere.out")" --origin-ca "$ca/root.crt"
check the_name_of_the_url_is_insisted_on is "$(status /headers)" 502
check_end_of strict

start_secure gone revoked
gone=$url
front unaware "$gone" --origin-ca "$ca/root.crt"
check without_a_list_no_origin_is_revoked is "$(status /headers)" 200
check_end_of unaware
front aware "$gone" --origin-ca "$ca/root.crt" --origin-crl "$ca/crl.pem"
check a_revoked_origin_is_502 is "$(status /headers)" 502
check_end_of aware

start_secure private good --client-ca "$ca/root.crt"
private=$url
front member "$private" --origin-ca "$ca/root.crt" --origin-cert "$ca/client.pem" --origin-key "$ca/client.key"
check we_show_our_certificate is "$(saw client)" client
check_end_of member
cat "$ca/client.pem" "$ca/client.key" >"$work/client-both.pem"
front member_in_one "$private" --origin-ca "$ca/root.crt" --origin-cert "$work/client-both.pem"
check its_key_may_stand_beside_it is "$(saw client)" client
check_end_of member_in_one
front stranger "$private" --origin-ca "$ca/root.crt"
check without_one_the_origin_is_502 is "$(status /headers)" 502
check_end_of stranger

# Takes connections and says nothing.
start silent "$python" -c 'import socket
listener = socket.create_server(("127.0.0.1", 0))
print(f"listening on https://127.0.0.1:{listener.getsockname()[1]}", flush=True)
held = []
while True:
    held.append(listener.accept())'
rm "$work/access.log"
front waiting "$url" --origin-ca "$ca/root.crt" --handshake-timeout 300ms --access-log "$work/access.log"
check a_silent_origin_meets_the_handshake_timeout is "$(status /silent)" 504
check it_is_in_the_log logged /silent
check the_log_names_the_timer line_has "504 timeout handshake" status end timer
check_end_of waiting

# ---- SIGHUP ----

cat "$ca/stranger.crt" >"$work/trusted.pem"
front trusting_others "$by_name" --origin-ca "$work/trusted.pem"
check the_origin_is_not_trusted is "$(status /headers)" 502
cat "$ca/root.crt" >"$work/trusted.pem"
check sighup_reads_authorities reloads trusting_others "TLS with origins: the $again"
check the_origin_is_trusted is "$(status /headers)" 200
echo nothing >"$work/trusted.pem"
check authorities_that_are_none_are_told reloads trusting_others "TLS with origins $stays: $work/trusted.pem: holds no certificate"
check the_origin_is_still_trusted is "$(status /last)" 200
check_end_of trusting_others

# ---- both sides at once ----

front both "$by_name" --cert "$ca/good.pem" --key "$ca/good.key" --origin-ca "$ca/root.crt"
get /headers $trust >"$work/headers"
check tls_on_both_sides_is_https is "$(sent x-forwarded-proto)" https
check_end_of both
