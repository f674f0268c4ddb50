#!/bin/sh
# nginx on both sides of weir-relay, by https: as an origin that tells whether sessions are resumed and which certificate
# it was shown, and as a front that insists on ours.
. "$(dirname "$0")/lib.inc"
. "$real/tls.inc"

need nginx nginx
need_python_module fastapi python3-fastapi
need_python_module uvicorn python3-uvicorn

start_origin origin
origin=$url
start app "$python" "$real/upload_app.py" # nginx does not carry an echo to its end: it is stuck when both directions are full
app=$url

# How a connection to nginx went: its version, `r` if its session is resumed, the name asked for, whose certificate came.
# (Debian 12's speaks TLS 1.3 only if told so.)
told="location = /told { return 200 '\$ssl_protocol \$ssl_session_reused \$ssl_server_name \$ssl_client_s_dn'; }"
shown="ssl_certificate $ca/good.pem; ssl_certificate_key $ca/good.key;"
streams="location / { proxy_pass $origin; proxy_buffering off; proxy_http_version 1.1; }"

by_name() { # url
  echo "https://localhost:${1##*:}"
}

get() { # path, curl's arguments..
  path=$1
  shift
  run curl -sS -m 20 $trust "$@" "$url$path"
}

# Each request has a connection of its own.
front() { # name, arguments..
  name=$1
  shift
  start_relay "$name" --origin-ca "$ca/root.crt" "$@"
}

# ---- nginx as an origin ----

head -c 20000000 /dev/urandom >"$work/upload"
uploads="location /upload { proxy_pass $app; proxy_http_version 1.1; proxy_request_buffering off; client_max_body_size 0; }"

for version in 1.2 1.3; do
  for way in "ssl_session_tickets on; ssl_session_cache none;" "ssl_session_tickets off; ssl_session_cache shared:x:1m;"; do
    kind=tickets
    [ "${way#*tickets on}" != "$way" ] || kind=cache
    start_secure_nginx "nginx_${version}_$kind" "$shown ssl_protocols TLSv$version; $way keepalive_timeout 0; $told"
    front "asking_${version}_$kind" "$(by_name "$url")"
    check "the_first_connection_shakes_hands_in_full (TLS $version, $kind)" is "$(get /told)" "TLSv$version . localhost "
    for n in 1 2 3; do
      check "the_next_one_resumes (TLS $version, $kind, $n)" is "$(get /told)" "TLSv$version r localhost "
    done
    check_end_of "asking_${version}_$kind"
  done
  start_secure_nginx "streaming_$version" "$shown ssl_protocols TLSv$version; $uploads $streams"
  start_relay "to_streaming_$version" --origin-ca "$ca/root.crt" "$(by_name "$url")"
  curl_stream "from_$version" "$url"
  check "events_of_nginx_arrive_one_by_one (TLS $version)" streamed "from_$version"
  check "the_stream_ends_well (TLS $version)" ended_well "from_$version"
  get "/bulk?bytes=20000000&chunked=1" -o "$work/body"
  curl -sS -m 20 "$origin/bulk?bytes=20000000" -o "$work/wanted"
  check "much_comes_whole (TLS $version)" same_bytes "$work/wanted" "$work/body"
  get /upload -X POST -T "$work/upload" -H 'Expect:' -o "$work/body"
  check "an_upload_goes_there_whole (TLS $version)" matches "\"sha256\":\"$(sha256 "$work/upload")\"" "$work/body"
  get '/cut?n=3&how=fin' -o "$work/body" 2>/dev/null
  check "what_nginx_cuts_is_cut (TLS $version)" is $? 18
  check_end_of "to_streaming_$version"
done

start_secure_nginx members "$shown ssl_protocols TLSv1.2 TLSv1.3; ssl_client_certificate $ca/root.crt; ssl_verify_client on; ssl_crl $ca/crl.pem;
  keepalive_timeout 0; $told"
members=$(by_name "$url")
for who in client client-rsa; do
  front "shows_$who" --origin-cert "$ca/$who.pem" --origin-key "$ca/$who.key" "$members"
  check "nginx_sees_our_certificate ($who)" is "$(get /told)" "TLSv1.3 . localhost CN=$who"
  check "and_sees_it_again (TLS 1.3 resumes, $who)" is "$(get /told)" "TLSv1.3 r localhost CN=$who"
  check_end_of "shows_$who"
done
for who in client-unknown client-revoked; do
  front "shows_$who" --origin-cert "$ca/$who.pem" --origin-key "$ca/$who.key" "$members"
  check "nginx_takes_no_other ($who)" is "$(get /told -o "$work/body" -w '%{http_code}')" 400
  check_end_of "shows_$who"
done
front shows_none "$members"
check nginx_takes_no_stranger is "$(get /told -o "$work/body" -w '%{http_code}')" 400
check_end_of shows_none

start_secure_nginx other "ssl_certificate $ca/elsewhere.pem; ssl_certificate_key $ca/elsewhere.key; $told"
front insisting "$(by_name "$url")"
check an_nginx_of_another_name_is_502 is "$(get /told -o "$work/body" -w '%{http_code}')" 502
check_end_of insisting

# ---- nginx as a front ----

start_relay site $good --cert "$ca/a.pem" --key "$ca/a.key" --access-log "$work/access.log" "$origin"
site=$url
verified="proxy_ssl_verify on; proxy_ssl_trusted_certificate $ca/root.crt; proxy_ssl_server_name on;"

for version in 1.2 1.3; do
  start_nginx "front_$version" "location / { proxy_pass $site; $verified proxy_ssl_name localhost;
    proxy_ssl_protocols TLSv$version; proxy_ssl_session_reuse on; proxy_http_version 1.1; }"
  curl_stream "behind_$version" "$url"
  check "events_arrive_one_by_one_behind_nginx (TLS $version)" streamed "behind_$version"
  check "the_stream_ends_well_behind_nginx (TLS $version)" ended_well "behind_$version"
  for n in 1 2 3; do get /hello >"$work/body"; done
  check "nginx_gets_answers_again (TLS $version)" is "$(cat "$work/body")" "Hello, world"
  get "/bulk?bytes=20000000&chunked=1" -o "$work/body"
  check "much_comes_whole_behind_nginx (TLS $version)" same_bytes "$work/wanted" "$work/body"
  get '/cut?n=3&how=fin' -o "$work/body" 2>/dev/null
  check "what_is_cut_stays_cut_behind_nginx (TLS $version)" test $? -ne 0
done
start_nginx picky "location / { proxy_pass $site; $verified proxy_ssl_name elsewhere.test; }"
check nginx_insists_on_the_name is "$(get /hello -o "$work/body" -w '%{http_code}')" 502
start_nginx naming "location / { proxy_pass $site; $verified proxy_ssl_name a.test; }"
check nginx_is_shown_the_certificate_of_the_name_it_asks_for is "$(get /hello)" "Hello, world"
check_end_of site

start_relay guarded $good --client-ca "$ca/root.crt" "$origin"
guarded=$url
start_nginx member "location / { proxy_pass $guarded; $verified proxy_ssl_name localhost;
  proxy_ssl_certificate $ca/client.pem; proxy_ssl_certificate_key $ca/client.key; }"
check nginx_shows_its_certificate is "$(get /hello)" "Hello, world"
start_nginx stranger "location / { proxy_pass $guarded; $verified proxy_ssl_name localhost; }"
check an_nginx_without_one_is_not_served is "$(get /hello -o "$work/body" -w '%{http_code}')" 502
check_end_of guarded
