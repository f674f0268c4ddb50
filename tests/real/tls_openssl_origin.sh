#!/bin/sh
# OpenSSL's s_server as the origin of weir-relay: it shows how each connection went, serves files that only the end of the
# connection ends, and lets us type an answer, with a key update or a renegotiation in the middle of it.
. "$(dirname "$0")/lib.inc"
. "$real/tls.inc"

# $url is its address; by name, since an address is not asked for by SNI.
start_s_server() { # name, s_server's arguments..
  name=$1
  shift
  (cd "$work" && exec openssl s_server -accept 127.0.0.1:0 -cert "$ca/good.pem" -key "$ca/good.key" "$@") \
    >"$work/$name.out" 2>"$work/$name.err" <"${typed:-/dev/null}" &
  echo $! >"$work/$name.pid"
  servers="$servers $name"
  await "$name" has_a_port "$name" || die "$name did not start: $(cat "$work/$name.err")"
  url=https://localhost:$port
}

has_a_port() { # name
  port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$work/$1.out")
  [ -n "$port" ]
}

front() { # name, arguments..
  name=$1
  shift
  start_relay "$name" --origin-ca "$ca/root.crt" --log-level info --access-log "$work/$name.log" "$@"
}

get() { # path, curl's arguments..
  path=$1
  shift
  run curl -sS -m 20 "$@" "$url$path" -o "$work/body" 2>"$work/told"
  code=$?
}

# ---- what s_server sees of us ----

for version in 1_2 1_3; do
  start_s_server "seen$version" -tls$version -www
  front "seeing$version" "$url"
  get /
  check "an_origin_that_speaks_one_version_is_reached (TLS $version)" is "$code" 0
  check "it_is_that_version (TLS $version)" matches "^ *Protocol *: TLSv$(echo $version | tr _ .)" "$work/body"
  check "the_first_connection_shakes_hands_in_full (TLS $version)" matches '^New, TLSv1' "$work/body"
  for n in 1 2 3; do
    get /
    check "the_next_one_resumes (TLS $version, $n)" matches '^Reused, TLSv1' "$work/body"
  done
  check_end_of "seeing$version"
done

start_s_server asking -www -Verify 1 -verify_return_error -CAfile "$ca/root.crt"
asking=$url
front member --origin-cert "$ca/client.pem" --origin-key "$ca/client.key" "$asking"
get /
check our_certificate_is_shown matches 'Subject: CN *= *client' "$work/body"
check_end_of member
front nobody "$asking"
get / -w '%{http_code}' >"$work/status"
check without_one_the_origin_is_502 is "$(cat "$work/status")" 502
check the_log_says_that_it_sent_an_alert soon matches 'WEIR_ETLS_ALERT' "$work/nobody.err"
check_end_of nobody

# ---- files: HTTP/1.0, ended by the end ----

head -c 3000000 /dev/urandom >"$work/file"
for version in 1_2 1_3; do
  start_s_server "files$version" -tls$version -WWW
  front "reading$version" "$url"
  get /file
  check "a_file_comes_whole (TLS $version)" same_bytes "$work/file" "$work/body"
  check "its_end_is_an_end (TLS $version)" is "$code" 0
  get /absent
  check "an_absent_one_does_not (TLS $version)" matches 'Error opening' "$work/body"
  check_end_of "reading$version"
done

# ---- answers typed by hand ----

mkfifo "$work/typed"

# Asks through weir-relay for a stream of which three events are typed; what is typed then is a command of s_server's.
begin_typing() { # name of the relay, s_server's arguments..
  relay=$1
  shift
  exec 3<>"$work/typed"
  typed=$work/typed
  start_s_server "by_hand_$relay" "$@"
  typed=
  front "$relay" "$url"
  : >"$work/body"
  curl -sSN -m 20 "$url/typed" -o "$work/body" 2>"$work/told" &
  client=$!
  soon matches '^GET /typed ' "$work/by_hand_$relay.out" || die "no request"
  printf 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n' >&3
  for n in 0 1 2; do
    printf 'data: %s\n\n' $n >&3
    soon matches "^data: $n" "$work/body" || die "event $n did not come: $(cat "$work/by_hand_$relay.err")"
  done
}

end_typing() {
  wait "$client"
  code=$?
  client=
  exec 3>&-
}

three_events() {
  is "$(tr '\n' ' ' <"$work/body")" "data: 0  data: 1  data: 2  "
}

ended_as() { # end, error
  logged_with "$work/$relay.log" "\"target\":\"/typed\".*\"end\":\"$1\"" && logged_with "$work/$relay.err" "event=end end=$1 .*error=$2\$"
}

for letter in K k; do
  begin_typing "update_$letter" -tls1_3
  echo $letter >&3
  end_typing
  check "a_key_update_of_the_origin_cuts_the_stream ($letter)" is "$code" 18
  check "it_is_no_data ($letter)" three_events
  check "the_log_names_it ($letter)" ended_as reset WEIR_ETLS_MESSAGE
  check_end_of "$relay"
done

begin_typing declining -tls1_2
echo r >&3 # asks us to shake hands again, which is declined, which is an error to s_server
end_typing
check an_origin_that_insists_on_renegotiation_cuts_the_stream is "$code" 18
check the_origin_was_told_no matches ':no renegotiation:' "$work/by_hand_declining.err"
check that_is_no_data_either three_events
check the_log_names_the_alert ended_as reset WEIR_ETLS_ALERT
check_end_of declining

for version in 1_2 1_3; do
  begin_typing "bare$version" -tls$version
  echo q >&3 # closes the socket, and says nothing to TLS
  end_typing
  check "an_origin_that_just_ends_cuts_the_stream (TLS $version)" is "$code" 18
  check "what_it_said_is_there (TLS $version)" three_events
  check "the_log_tells_that_from_an_end (TLS $version)" ended_as truncated WEIR_ETLS_TRUNCATED
  check_end_of "$relay"

  begin_typing "killed$version" -tls$version
  kill -KILL "$(pid_of "by_hand_$relay")"
  end_typing
  check "an_origin_that_is_killed_cuts_the_stream (TLS $version)" is "$code" 18
  check "what_it_said_before_is_there (TLS $version)" three_events
  check_end_of "$relay"
done
