#!/bin/sh
# curl reaches weir-relay by https, and weir-relay an https origin: versions, resumption, names, client certificates,
# streams and bodies, and that a body which was cut is never taken for a whole one.
. "$(dirname "$0")/lib.inc"
. "$real/tls.inc"

start_origin origin
origin=$url

# curl, its words in $work/told; leaves its exit status in $code.
get() { # path, curl's arguments..
  path=$1
  shift
  run curl -sSv -m 30 $trust "$@" "$url$path" -o "$work/body" 2>"$work/told"
  code=$?
}

got() { # body
  is "$(cat "$work/body")" "$1"
}

# ---- versions, streams ----

start_relay site $good --cert "$ca/rsa.pem" --key "$ca/rsa.key" --access-log "$work/access.log" "$origin"
site=$url

for version in 1.2 1.3; do
  only="--tlsv$version --tls-max $version"
  curl_stream "stream-$version" "$site" $trust $only
  check "events_arrive_one_by_one (TLS $version)" streamed "stream-$version"
  check "the_stream_ends_well (TLS $version)" ended_well "stream-$version"
  check "it_is_the_version_asked_for" matches "SSL connection using TLSv$version / " "$work/stream-$version.err"
  check "http_1_1_is_agreed_on (TLS $version)" matches 'ALPN.*server accepted (to use )?http/1.1' "$work/stream-$version.err"
  get /hello $only
  check "who_does_not_care_is_shown_the_first_certificate (TLS $version)" matches 'subject: CN=good' "$work/told"
done
get /hello --tls-max 1.2 --ciphers ECDHE-RSA-CHACHA20-POLY1305
check one_that_knows_rsa_alone_is_shown_the_other matches 'subject: CN=rsa' "$work/told"
check by_the_cipher_it_wants matches 'using TLSv1.2 / ECDHE-RSA-CHACHA20-POLY1305' "$work/told"
get /hello --tls13-ciphers TLS_AES_128_GCM_SHA256
check so_with_tls_1_3 matches 'using TLSv1.3 / TLS_AES_128_GCM_SHA256' "$work/told"
for group in X25519 P-256 P-384; do
  get /hello --curves "$group"
  check "keys_are_exchanged_by_$group" got "Hello, world"
done
get /hello --http1.0
check an_http_1_0_client_is_served got "Hello, world"
get /hello --no-alpn
check a_client_that_knows_no_alpn_is_served got "Hello, world"
curl -sS -m 20 "$origin/text?n=20" -o "$work/wanted"
get '/text?n=20&interval_ms=5' --http1.0 --no-alpn
check a_body_of_unknown_length_comes_whole_to_http_1_0 same_bytes "$work/wanted" "$work/body"
check and_its_end_is_an_end is "$code" 0

# ---- much ----

size=20000000
head -c $size /dev/urandom >"$work/upload"
curl -sS -m 30 "$origin/bulk?bytes=$size" -o "$work/wanted"
for version in 1.2 1.3; do
  get "/bulk?bytes=$size" --tls-max "$version"
  check "much_comes_whole (TLS $version)" same_bytes "$work/wanted" "$work/body"
  get "/bulk?bytes=$size&chunked=1" --tls-max "$version"
  check "much_of_unknown_length_does (TLS $version)" same_bytes "$work/wanted" "$work/body"
  get /echo --tls-max "$version" -T "$work/upload" -H 'Transfer-Encoding: chunked' -H 'Expect:'
  check "an_upload_comes_back_whole (TLS $version)" same_bytes "$work/upload" "$work/body"
done
get /echo --data-binary "@$work/upload" -H 'Expect: 100-continue'
check so_after_100_continue same_bytes "$work/upload" "$work/body"
get '/bulk?bytes=3000000' --limit-rate 2M
head -c 3000000 "$work/wanted" >"$work/part"
check a_slow_client_gets_everything same_bytes "$work/part" "$work/body"

run curl -sS -m 30 $trust -o "$work/body" -w '%{num_connects} ' "$site/hello?[1-20]" >"$work/connects"
check twenty_requests_share_a_connection is "$(tr -d ' ' <"$work/connects")" 10000000000000000000
run curl -s -m 30 $trust --no-progress-meter --parallel --parallel-immediate -o "$work/many-#1" "$site/text?n=10&[1-30]"
check thirty_at_once_are_served is "$(cat "$work"/many-* | wc -w)" 300

# ---- resumption: of a second connection of the same curl ----

for version in 1.2 1.3; do
  run curl -sSv -m 30 $trust --tls-max "$version" -H 'Connection: close' "$site/hello" "$site/hello" \
    >"$work/body" 2>"$work/told"
  check "both_are_answered (TLS $version)" got "Hello, world
Hello, world"
  check "the_second_resumes (TLS $version)" is "$(grep -c 'SSL re-*using session' "$work/told")" 1
  check "one_certificate_was_shown (TLS $version)" is "$(grep -c 'TLS handshake, Certificate (11)' "$work/told")" 1
done
check_end_of site

# ---- names ----

start_relay names --cert "$ca/a.pem" --key "$ca/a.key" --cert "$ca/b.pem" --key "$ca/b.key" \
  --cert "$ca/wild.pem" --key "$ca/wild.key" "$origin"
port=${url##*:}

named() { # name: as browsers do, curl insists on the name that it asks for
  run curl -sS -m 20 $trust --resolve "$1:$port:127.0.0.1" "https://$1:$port/hello" 2>/dev/null
}

for name in a.test b.test both.test x.wild.test; do
  check "${name}_shows_a_certificate_for_it" is "$(named $name)" "Hello, world"
done
check another_name_is_not_pretended is "$(named other.test)" ""
check_end_of names

# ---- client certificates ----

start_relay members $good --client-ca "$ca/root.crt" --client-crl "$ca/crl.pem" "$origin"

shows() { # certificate, curl's arguments..
  who=$1
  shift
  get /hello --cert "$ca/$who.pem" --key "$ca/$who.key" "$@"
}

# No answer, and an alert that says why.
told_why() { # words of the alert
  [ "$code" -ne 0 ] || { echo "curl was served"; return 1; }
  [ ! -s "$work/body" ] || { echo "a body came: $(cat "$work/body")"; return 1; }
  matches "\(IN\), TLS alert, $1 " "$work/told"
}

for version in 1.2 1.3; do
  rm -f "$work/body"
  shows client --tls-max $version
  check "a_member_is_served (TLS $version)" got "Hello, world"
  rm -f "$work/body"
  shows client-rsa --tls-max $version
  check "one_with_rsa_is (TLS $version)" got "Hello, world"
  : >"$work/body"
  shows client-unknown --tls-max $version
  check "a_stranger_is_told_so (TLS $version)" told_why 'unknown ca'
  shows client-expired --tls-max $version
  check "who_has_expired_is_told_so (TLS $version)" told_why 'certificate expired'
  shows client-revoked --tls-max $version
  check "who_is_revoked_is_told_so (TLS $version)" told_why 'certificate revoked'
  shows good --tls-max $version
  check "a_servers_certificate_is_none_of_a_client (TLS $version)" told_why '(unsupported|bad) certificate'
done
get /hello --tls-max 1.2
check "without_any_one_is_told_so (TLS 1.2)" told_why "(handshake failure|no certificate)"
get /hello
check "without_any_one_is_told_so (TLS 1.3)" told_why "(certificate required|no certificate)"
check_end_of members

# ---- ends ----

start_secure_origin secure good
secure=$url
start_relay ends $good --origin-ca "$ca/root.crt" --route "/secure=$secure" --route "/bare=$secure" --route "/=$origin"

for http in 1.0 1.1; do
  get /close --http$http --no-alpn
  check "a_body_that_the_end_ends_is_whole (HTTP/$http)" is "$code $(wc -w <"$work/body")" "0 16"
  for way in '/cut?n=3&how=fin' '/cut?n=3&how=rst' /bare; do
    get "$way" --http$http --no-alpn
    check "one_that_was_cut_is_an_error: $way (HTTP/$http)" test "$code" -ne 0
  done
  check "what_came_before_the_cut_is_there (HTTP/$http)" got bare
done
get /bare --http1.0 --no-alpn --tls-max 1.2
check "one_that_was_cut_is_an_error (TLS 1.2)" is "$code" 56
check_end_of ends
