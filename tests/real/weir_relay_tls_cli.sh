#!/bin/sh
# weir-relay's flags of TLS towards clients: what they do, what is said when they are wrong, the redirect to https, and
# certificates that change while it runs. The clients are curl and openssl s_client.
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

good="--cert $ca/good.pem --key $ca/good.key"

check a_certificate_that_is_not_there refuses_files "$work/none.pem: cannot be read: no such file" --cert "$work/none.pem" "$origin"
check a_key_that_is_not_there refuses_files "$work/none.key: cannot be read: no such file" \
  --cert "$ca/good.pem" --key "$work/none.key" "$origin"
check a_folder_as_certificate refuses_files "$work: cannot be read: " --cert "$work" "$origin"
check a_certificate_without_key refuses_files "$ca/good.pem: holds no key" --cert "$ca/good.pem" "$origin"
check a_key_as_certificate refuses_files "$ca/good.key: holds no certificate" --cert "$ca/good.key" "$origin"
check words_as_certificate refuses_files "$ca/words.pem: holds no certificate: want PEM" --cert "$ca/words.pem" "$origin"
check a_key_of_another_certificate refuses_files \
  "$ca/rsa.key: is not the key of the certificate in $ca/good.pem" --cert "$ca/good.pem" --key "$ca/rsa.key" "$origin"
check keys_in_the_wrong_order refuses_files "$ca/b.key: is not the key of the certificate in $ca/a.pem" \
  --cert "$ca/a.pem" --cert "$ca/b.pem" --key "$ca/b.key" --key "$ca/a.key" "$origin"
check a_key_with_a_passphrase refuses_files "$ca/locked.key: the key has a passphrase: want one without" \
  --cert "$ca/good.pem" --key "$ca/locked.key" "$origin"
check an_expired_certificate refuses_files "$ca/expired.pem: the certificate has expired on 2021-01-01 00:00:00 UTC" \
  --cert "$ca/expired.pem" --key "$ca/expired.key" "$origin"
check a_certificate_of_tomorrow refuses_files "$ca/future.pem: the certificate is not valid before 2090-01-01" \
  --cert "$ca/future.pem" --key "$ca/future.key" "$origin"
check a_bad_second_pair refuses_files "$ca/expired.pem: the certificate has expired" $good \
  --cert "$ca/expired.pem" --key "$ca/expired.key" "$origin"
check an_authority_that_is_none refuses_files "$ca/words.pem: holds no certificate" $good --client-ca "$ca/words.pem" "$origin"
check a_list_that_is_none refuses_files "$ca/good.pem: holds no list of revoked certificates" $good \
  --client-ca "$ca/root.crt" --client-crl "$ca/good.pem" "$origin"
check unknown_ciphers refuses_files '--ciphers: `RC4-MD5` is no cipher suite known here: want names as ' \
  $good --ciphers ECDHE-RSA-AES128-GCM-SHA256:RC4-MD5 "$origin"
check ciphers_that_the_version_excludes refuses_files "--ciphers: no cipher suite is left for the TLS versions" \
  $good --tls-min 1.3 --ciphers ECDHE-ECDSA-AES128-GCM-SHA256 "$origin"

check a_key_without_certificate refuses "--key $ca/good.key: there is no --cert for it" --key "$ca/good.key" "$origin"
check more_keys_than_certificates refuses "--key $ca/b.key: there is no --cert for it: the Nth --key is that of the Nth --cert" \
  $good --key "$ca/b.key" "$origin"
for version in 1.1 1.0 1.4 TLSv1.2 3; do
  check "a_bad_version_$version" refuses "--tls-min $version: want 1.2 or 1.3" $good --tls-min "$version" "$origin"
done
for flag in "client-ca $ca/root.crt" "client-crl $ca/crl.pem" "tls-min 1.3" "ciphers TLS_AES_128_GCM_SHA256" "http-redirect :0"; do
  check "no_certificate_for_--${flag% *}" refuses "--${flag% *} needs --cert FILE" --${flag% *} "${flag#* }" "$origin"
done
check a_list_without_authority refuses "--client-crl needs --client-ca FILE" $good --client-crl "$ca/crl.pem" "$origin"
check a_redirect_to_nowhere refuses "--http-redirect 80: want host:port" $good --http-redirect 80 "$origin"
check a_port_without_redirect refuses "--redirect-port needs --http-redirect ADDR" $good --redirect-port 443 "$origin"
for port in 0 65536 https; do
  check "a_bad_redirect_port_$port" refuses "--redirect-port $port: want a port from 1 to 65535" \
    $good --http-redirect :0 --redirect-port "$port" "$origin"
done
check a_unix_redirect_of_several_workers refuses "--http-redirect unix:$work/x: only a port can be shared" \
  $good --workers 2 --http-redirect "unix:$work/x" "$origin"
check a_redirect_where_it_listens refuses "cannot listen on ${origin#http://}: address already in use" \
  --listen 127.0.0.1:0 $good --http-redirect "${origin#http://}" "$origin"

check an_empty_file refuses "--cert '': want FILE" --cert= "$origin"

all_flags() {
  timeout 10 "$relay" --check --listen 127.0.0.1:0 --cert "$ca/a.pem" --cert "$ca/rsa.pem" --cert "$ca/both.pem" \
    --key "$ca/a.key" --key "$ca/rsa.key" --client-ca "$ca/root.crt" --client-crl "$ca/crl.pem" --tls-min 1.3 \
    --ciphers TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256 --http-redirect 127.0.0.1:0 --http-redirect :0 \
    --redirect-port 443 --handshake-timeout 3s "$origin"
}

check every_flag_is_taken is "$(all_flags 2>&1; echo $?)" 0

# ---- https ----

# What openssl says about one connection and one request, in $work/session.
shake_hands() { # s_client's arguments..
  printf 'GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' |
    timeout 20 openssl s_client -connect "${url#https://}" -CAfile "$ca/root.crt" -ign_eof "$@" >"$work/session" 2>&1
}

# Whose certificate is shown to a client that asks for a name: its CN.
shown_for() { # name
  shake_hands -servername "$1"
  sed -n 's/^subject=CN *= *//p' "$work/session"
}

answered() {
  matches '^Hello, world' "$work/session"
}

not_answered() {
  ! grep -q '^Hello, world\|^HTTP/1' "$work/session" || { echo "an answer came: $(cat "$work/session")"; return 1; }
}

start_relay site $good --listen "unix:$work/site.sock" --access-log "$work/access.log" --handshake-timeout 500ms \
  --log-level info --request-header 'X-Scheme: {scheme}' --response-header 'Strict-Transport-Security: max-age=31536000' \
  --http-redirect 127.0.0.1:0 --http-redirect "unix:$work/plain.sock" "$origin"
site=$url
port=${site##*:}
plain=$(sed -n 's/^redirecting \(http:.*\)/\1/p' "$work/site.out")

# How many threads of a process have the policy SCHED_BATCH and a nice value three above the first thread's.
patient_threads() { # pid
  cat /proc/"$1"/stat /proc/"$1"/task/*/stat | sed 's/.*) //' |
    awk 'NR == 1 { nice = $17 } NR > 1 && $17 == nice + 3 && $39 == 3 { n++ } END { print n + 0 }'
}

check handshakes_give_way_to_streams is "$(patient_threads "$(pid_of site)")" 4
check https_is_announced is "${site%:*}" https://127.0.0.1
check the_redirect_is_announced_behind_all_listeners is "$(sed -n '2,4s/[0-9]*$//p' "$work/site.out" | tr '\n' ' ')" \
  "listening on unix:$work/site.sock redirecting http://127.0.0.1: redirecting unix:$work/plain.sock "
check https_is_served is "$(get /hello $trust)" "Hello, world"
check tls_1_2_is_served is "$(get /hello $trust --tls-max 1.2)" "Hello, world"
check a_unix_listener_speaks_tls is "$(curl -sS -m 20 $trust --unix-socket "$work/site.sock" https://localhost/hello)" "Hello, world"
check a_name_is_served is "$(curl -sS -m 20 $trust --resolve "good.test:$port:127.0.0.1" "https://good.test:$port/hello")" "Hello, world"
get /headers $trust -D "$work/head" >"$work/headers"
check the_origin_is_told_https is "$(sent x-forwarded-proto) $(sent x-forwarded-port)" "https $port"
check scheme_is_https is "$(sent x-scheme)" https
check a_response_field_is_set matches '^Strict-Transport-Security: max-age=31536000.$' "$work/head"
shake_hands -alpn h2,http/1.1
check http_1_1_is_agreed_on matches '^ALPN protocol: http/1.1' "$work/session"
get '/bulk?bytes=5000000' $trust -o "$work/body"
curl -sS -m 20 "$origin/bulk?bytes=5000000" -o "$work/wanted"
check a_body_comes_whole same_bytes "$work/body" "$work/wanted"
check it_is_large test "$(wc -c <"$work/body")" -gt 1000000
get '/text?n=4&interval_ms=60&size=10' $trust -o "$work/body"
check a_stream_is_logged logged '/text?n=4&interval_ms=60&size=10'
check it_came_in_pieces line_has "200 complete 40 4" status end bytes chunks

speaks_no_tls() { # ends, and no request of it reached anybody
  curl -s -m 10 "http://127.0.0.1:$port/plain-to-tls" -o "$work/body"
  [ $? -ne 0 ] || { echo "answered: $(cat "$work/body")"; return 1; }
  ! grep -q plain-to-tls "$work/access.log" || { echo "an exchange of it is logged"; return 1; }
}

check plain_http_is_not_answered_there speaks_no_tls
check the_log_says_why soon matches 'event=handshake error=WEIR_ETLS_RECORD' "$work/site.err"
check who_does_not_trust_us_is_told_in_the_log sh -c 'curl -s -m 10 "$1/hello"; [ $? -eq 60 ]' - "$site"

# The timer of a usual handshake is 10 s.
silence_ends() {
  "$python" -c 'import socket, sys, time
begun = time.monotonic()
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
assert peer.recv(1) == b""
took = time.monotonic() - begun
assert 0.4 < took < 5, took' "$port"
}

check a_silent_client_meets_the_handshake_timeout silence_ends

# ---- --http-redirect ----

leads_to() { # wanted status and place, curl's arguments..
  wanted=$1
  shift
  is "$(curl -sS -m 20 -o "$work/body" -w '%{http_code} %header{location}' "$@")" "$wanted"
}

check plain_http_is_led_to_https leads_to "308 $site/a/b?c=d&e" "$plain/a/b?c=d&e"
check the_name_stays leads_to "308 https://example.org:$port/" -H 'Host: example.org' "$plain/"
check its_port_goes leads_to "308 https://example.org:$port/x" -H 'Host: example.org:8080' "$plain/x"
check an_address_of_ipv6_stays_whole leads_to "308 https://[::1]:$port/x" -H 'Host: [::1]:80' "$plain/x"
check so_without_port leads_to "308 https://[::1]:$port/x" -H 'Host: [::1]' "$plain/x"
check the_absolute_form_names_its_own leads_to "308 https://y.org:$port/q" --request-target http://y.org:80/q "$plain"
check a_head_is_led_too leads_to "308 $site/x" -I "$plain/x"
check no_host_is_400 leads_to "400 " -0 -H 'Host:' "$plain/x"
check an_asterisk_leads_nowhere leads_to "400 " -X OPTIONS --request-target '*' "$plain"
check connect_leads_nowhere leads_to "400 " -X CONNECT --request-target x.org:443 "$plain"
check curl_follows is "$(curl -sS -m 20 -L $trust "$plain/hello")" "Hello, world"
check a_post_stays_a_post is "$(curl -sS -m 20 -L $trust -d 'a body' "$plain/echo")" "a body"
check a_large_post_does_too is "$(head -c 3000000 /dev/zero |
  curl -sS -m 20 -L $trust -H 'Expect:' --data-binary @- "$plain/echo" | wc -c)" 3000000
check a_unix_redirect_leads_too is "$(curl -sS -m 20 --unix-socket "$work/plain.sock" -o "$work/body" \
  -w '%{http_code} %header{location}' http://x.org/y)" "308 https://x.org:$port/y"
curl -sS -m 20 -D "$work/head" -o "$work/body" "$plain/only-plain"
check a_redirect_bears_no_field_of_https is "$(grep -ci strict-transport "$work/head")" 0
check a_redirect_is_logged logged /only-plain
check the_log_tells_that_no_origin_was_asked line_has "308 answered" status end
check every_line_is_json "$python" -c 'import json, sys; [json.loads(line) for line in open(sys.argv[1])]' "$work/access.log"
check_end_of site

start_relay mapped $good --workers 2 --http-redirect 127.0.0.1:0 --redirect-port 443 "$origin"
plain=$(sed -n 's/^redirecting //p' "$work/mapped.out")
check port_443_is_not_written leads_to "308 https://127.0.0.1/x" "$plain/x"
check_end_of mapped
start_relay mapped_else $good --http-redirect 127.0.0.1:0 --redirect-port 8443 "$origin"
check another_port_is leads_to "308 https://127.0.0.1:8443/x" "$(sed -n 's/^redirecting //p' "$work/mapped_else.out")/x"
check_end_of mapped_else
start only_unix "$relay" --listen "unix:$work/only.sock" $good --http-redirect 127.0.0.1:0 "$origin"
check a_socket_has_no_port leads_to "308 https://127.0.0.1/x" "$(sed -n 's/^redirecting //p' "$work/only_unix.out")/x"
check_end_of only_unix

# ---- certificates, versions, ciphers ----

start_relay names --cert "$ca/a.pem" --key "$ca/a.key" --cert "$ca/b.pem" --key "$ca/b.key" --cert "$ca/wild.pem" \
  --key "$ca/wild.key" --cert "$ca/both-rsa.pem" "$origin"
for name in a.test:a b.test:b both.test:b x.wild.test:wild good.test:rsa nobody.test:a; do
  check "who_asks_for_${name%:*}_is_shown_${name#*:}" is "$(shown_for "${name%:*}")" "${name#*:}"
done
check the_chosen_one_serves answered
check_end_of names
start_relay chained --cert "$ca/chain.pem" --key "$ca/chain.key" "$origin"
check a_chain_is_shown is "$(get /hello $trust)" "Hello, world"
check_end_of chained

start_relay modern $good --tls-min 1.3 "$origin"
shake_hands -tls1_3
check tls_1_3_is_spoken answered
shake_hands -tls1_2
check tls_1_2_is_not_when_1_3_is_the_least not_answered
check that_is_an_alert_about_the_version matches 'alert protocol version' "$work/session"
check_end_of modern
start_relay usual $good "$origin"
shake_hands -tls1_2
check tls_1_2_is_spoken answered
shake_hands -tls1_1 -cipher DEFAULT@SECLEVEL=0
check tls_1_1_is_not not_answered
check that_is_an_alert_too matches 'alert protocol version' "$work/session"
check_end_of usual
start_relay ciphers $good --ciphers ECDHE-ECDSA-AES256-GCM-SHA384:TLS_AES_256_GCM_SHA384 "$origin"
shake_hands -tls1_2
check the_listed_cipher_is_taken matches 'Cipher is ECDHE-ECDSA-AES256-GCM-SHA384' "$work/session"
shake_hands -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256
check another_is_not not_answered
check that_is_an_alert_about_ciphers matches 'alert handshake failure' "$work/session"
shake_hands -tls1_3
check so_with_tls_1_3 matches 'Cipher is TLS_AES_256_GCM_SHA384' "$work/session"
check_end_of ciphers

# One weir_tls serves all workers: with as many connections, some meet another worker than the one that issued the ticket.
start_relay workers $good --workers 3 "$origin"

resumes() { # version
  shake_hands "-$1" -sess_out "$work/ticket" || return 1
  for _ in 1 2 3 4 5 6 7 8; do
    shake_hands "-$1" -sess_in "$work/ticket"
    matches '^Reused, TLSv1' "$work/session" && answered || return 1
  done
}

check sessions_resume_at_every_worker resumes tls1_3
check sessions_of_tls_1_2_do_too resumes tls1_2
check_end_of workers

# ---- client certificates ----

start_relay members $good --client-ca "$ca/root.crt" "$origin"
shows() { # certificate, curl's arguments..
  who=$1
  shift
  get /hello $trust --cert "$ca/$who.pem" --key "$ca/$who.key" "$@" 2>/dev/null
}

for most in 1.2 1.3; do
  check "a_client_with_certificate_is_served (TLS $most)" is "$(shows client --tls-max $most)" "Hello, world"
  check "one_without_is_not (TLS $most)" is "$(get /hello $trust --tls-max $most 2>/dev/null)" ""
  check "one_of_an_unknown_authority_is_not (TLS $most)" is "$(shows client-unknown --tls-max $most)" ""
  check "one_that_has_expired_is_not (TLS $most)" is "$(shows client-expired --tls-max $most)" ""
done
check without_a_list_nobody_is_revoked is "$(shows client-revoked)" "Hello, world"
check_end_of members
start_relay listed $good --client-ca "$ca/root.crt" --client-crl "$ca/crl.pem" "$origin"
check a_revoked_client_is_not_served is "$(shows client-revoked)" ""
check others_are is "$(shows client)" "Hello, world"
check_end_of listed

# ---- SIGHUP ----

use() { # pair: what the relay reads at the next SIGHUP
  cat "$ca/$1.crt" >"$work/site.pem"
  cat "$ca/$1.key" >"$work/site.key"
}

shown_often() { # wanted: every worker shows it
  for _ in 1 2 3 4 5 6 7 8; do is "$(shown_for any.test)" "$1" || return 1; done
}

use a
start_relay changing --workers 2 --cert "$work/site.pem" --key "$work/site.key" --access-log "$work/access.log" "$origin"
check the_first_certificate_is_shown is "$(shown_for any.test)" a
begin_stream '/text?n=60&interval_ms=50' -k
use b
check the_new_one_is_not_seen_before_sighup is "$(shown_for any.test)" a
mv "$work/access.log" "$work/access.log.1"
check sighup_reads_the_certificates reloads changing "TLS with clients: the $again"
check the_new_one_is_shown_by_every_worker shown_often b
check the_stream_of_before_still_runs kill -0 "$client"
check the_log_was_reopened_too soon test -e "$work/access.log"

head -c 300 "$ca/a.crt" >"$work/site.pem"
check a_broken_file_is_told reloads changing "TLS with clients $stays: $work/site.pem: a certificate in it is malformed"
check the_last_good_one_stays shown_often b
use a
cat "$ca/b.key" >"$work/site.key"
check a_key_that_does_not_fit_is_told reloads changing "$stays: $work/site.key: is not the key of the certificate"
check the_last_good_one_stays_then is "$(shown_for any.test)" b
use expired
check an_expired_one_is_told reloads changing "$stays: $work/site.pem: the certificate has expired"
rm "$work/site.key"
check a_missing_file_is_told reloads changing "$stays: $work/site.key: cannot be read"
check the_last_good_one_stays_for_ever is "$(shown_for any.test)" b
use a
check and_a_good_one_is_taken_again reloads changing "$again"
check it_is_shown shown_often a
wait "$client"
check the_stream_of_the_first_certificate_ended_well is $? 0
client=
check it_came_whole is "$(wc -w <"$work/stream")" 60
check_end_of changing

start_relay plain_only --access-log "$work/plain.log" "$origin"
mv "$work/plain.log" "$work/plain.log.1"
kill -HUP "$(pid_of plain_only)"
check without_tls_only_the_log_is_reopened soon test -e "$work/plain.log"
check_end_of plain_only
check and_nothing_is_said is "$(grep -c TLS "$work/plain_only.err")" 0

# ---- the command in README.md ----

sed -n '/^weir-relay --listen :443/,/[^\\]$/p' "$real/../../README.md" |
  sed -e "s|^weir-relay --listen :443|exec $relay --listen 127.0.0.1:0|" -e "s|/etc/ssl/site.pem|$ca/good.pem|" \
    -e "s|/etc/ssl/site.key|$ca/good.key|" -e 's|--http-redirect :80|--http-redirect 127.0.0.1:0|' \
    -e "s|http://127.0.0.1:8081|$origin|" >"$work/readme.sh"
start readme sh "$work/readme.sh"
get /headers $trust -D "$work/head" >"$work/headers"
check it_serves_https_and_says_so is "$(sent x-forwarded-proto) $(sent remote-host)" "https 127.0.0.1"
check it_asks_for_https_ever_after matches '^Strict-Transport-Security: max-age=31536000.$' "$work/head"
check it_leads_there leads_to "308 $url/x" "$(sed -n 's/^redirecting //p' "$work/readme.out")/x"
check_end_of readme
