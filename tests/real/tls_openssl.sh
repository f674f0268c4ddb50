#!/bin/sh
# OpenSSL's s_client resumes in every way, asks for what Mbed TLS does not know (key updates) or what nobody should do
# (renegotiation), and sees how a connection to weir-relay ends.
. "$(dirname "$0")/lib.inc"
. "$real/tls.inc"

start_origin origin
origin=$url
start_relay site $good --access-log "$work/access.log" --log-level info "$origin"
site=${url#https://}

# ---- whole conversations ----

request() { # path
  printf 'GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' "$1"
}

# One request by s_client; all that it says is in $work/session.
converse() { # path, s_client's arguments..
  path=$1
  shift
  request "$path" | timeout 30 openssl s_client -connect "$site" -CAfile "$ca/root.crt" -ign_eof "$@" >"$work/session" 2>&1
}

says() { # extended regular expression
  matches "$1" "$work/session"
}

closes_properly() { # it said close_notify before the end
  says '^<<< TLS 1.[23], Alert .*warning close_notify' && ! grep -q 'unexpected eof' "$work/session"
}

refused_with() { # alert
  says "alert $1" && ! grep -q '^HTTP/1' "$work/session"
}

for version in 1_2 1_3; do
  converse "$events_path" -tls$version -quiet
  check "events_come_whole (TLS $version)" is "$(grep -c '^id: [0-9]*$' "$work/session")" $events
  converse /close -tls$version -msg
  check "the_end_of_a_body_is_marked (TLS $version)" closes_properly
  converse /hello -tls$version -maxfraglen 512
  check "a_client_of_small_records_is_served (TLS $version)" says '^Hello, world'
  converse /hello -tls$version -no_ticket
  check "one_that_takes_no_tickets_is_served (TLS $version)" says '^Hello, world'
  converse /hello -tls$version -status
  check "no_answer_of_ocsp_is_pretended (TLS $version)" says '^OCSP response: no response sent'
  converse /hello -tls$version -alpn h2
  check "one_that_wants_http_2_alone_is_told_no (TLS $version)" refused_with 'no application protocol'
  converse /hello -tls$version -alpn h2,http/1.1
  check "one_that_would_take_http_1_1_is_served (TLS $version)" says '^ALPN protocol: http/1.1'
  converse /hello -tls$version -sigalgs RSA-PSS+SHA256
  check "one_that_knows_no_signature_of_ours_is_told_no (TLS $version)" refused_with 'handshake failure'
done
converse '/bulk?bytes=200000' -tls1_2 -maxfraglen 512 -msg
check no_record_is_larger_than_it_asked_for is \
  "$(awk '/^<<< .*RecordHeader/ { getline; if ("0x" $4 $5 > "0x0218") n++ } END { print n + 0 }' "$work/session")" 0
converse /hello -tls1_2 -cipher AES128-SHA:ECDHE-ECDSA-AES128-SHA
check ciphers_without_aead_are_not_taken refused_with 'handshake failure'
converse /hello -tls1_3 -groups X448:P-256 -msg
check who_guessed_the_wrong_group_is_asked_again is "$(grep -c '^>>> .*ClientHello' "$work/session")" 2
check and_served says '^Hello, world'
converse /hello -tls1_3 -groups X448
check who_knows_no_group_of_ours_is_told_no refused_with 'handshake failure'

# ---- resumption ----

handshakes() { # New|Reused
  grep -c "^$1, TLSv1" "$work/session"
}

for way in '' -no_ticket; do
  converse /hello -tls1_2 -reconnect $way
  check "five_connections_resume_the_first (TLS 1.2 $way)" is "$(handshakes New) $(handshakes Reused)" "1 5"
  check "the_last_is_served (TLS 1.2 $way)" says '^Hello, world'
done
converse /hello -tls1_3 -sess_out "$work/ticket"
check a_first_one_shakes_hands_in_full is "$(handshakes New) $(handshakes Reused)" "1 0"
for n in 1 2 3; do # each brings a ticket for the next
  converse /hello -tls1_3 -sess_in "$work/ticket" -sess_out "$work/ticket" -msg
  check "the_next_one_resumes ($n)" is "$(grep -c '^<<< .*, Certificate$' "$work/session") $(handshakes Reused)" "0 1"
  check "and_is_served ($n)" says '^Hello, world'
done
printf 'GET /early-data HTTP/1.1\r\nHost: x\r\n\r\n' >"$work/early"
converse /hello -tls1_3 -sess_in "$work/ticket" -early_data "$work/early"
check no_early_data_is_taken says '^Early data was not sent'
# ---- typed into s_client, in the middle of a stream ----

mkfifo "$work/typed"

every_ms=20

# Begins an endless stream; what is typed at descriptor 3 is a command of s_client's.
begin_typing() { # s_client's arguments..
  openssl s_client -connect "$site" -CAfile "$ca/root.crt" -msg "$@" <"$work/typed" >"$work/session" 2>&1 &
  client=$!
  exec 3>"$work/typed"
  printf 'GET /sse?n=0&interval_ms=%s HTTP/1.1\r\nHost: x\r\n\r\n' $every_ms >&3
  soon says '^id: 3' || die "no stream: $(cat "$work/session")"
}

end_typing() {
  exec 3>&-
  wait "$client"
  client=
}

types() { # command, s_client's arguments..
  command=$1
  shift
  begin_typing "$@"
  before=$(grep -c '' "$work/access.log")
  echo "$command" >&3
  soon one_more_line_than "$before" # the exchange ended, whatever s_client does
  end_typing
  tail -n 1 "$work/access.log" >"$work/line"
}

one_more_line_than() { # count
  [ "$(grep -c '' "$work/access.log")" -gt "$1" ]
}

ended_as() { # end, error
  matches "\"end\":\"$1\"" "$work/line" && matches "event=end end=$1 .*error=$2\$" "$work/site.err"
}

only_events() { # in what came as data
  is "$(grep -v '^[<>]\{3\} \|^    [0-9a-f]' "$work/session" | sed '1,/^Connection: \|^Transfer-Encoding: /d' |
    grep -cv '^[0-9a-f]*.$\|^id: [0-9]*$\|^data: {.*}$\|^$\|^KEYUPDATE$\|^RENEGOTIATING$\|:error:\|^DONE$\|^---$')" 0
}

for letter in K k; do
  types $letter -tls1_3
  check "a_key_update_is_answered_with_an_alert ($letter)" says 'Alert .*fatal unexpected_message'
  check "it_ends_the_connection_by_name ($letter)" ended_as client_gone WEIR_ETLS_MESSAGE
  check "nothing_of_it_was_data ($letter)" only_events
done
every_ms=1000 # an event that came before the answer would be an error to s_client
types R -tls1_2
every_ms=20
check renegotiation_is_declined says 'Alert .*warning no_renegotiation'
check no_second_handshake_followed is "$(grep -c '^<<< .*ServerHello$' "$work/session")" 1
check the_client_then_gives_up ended_as client_gone WEIR_ETLS_ALERT
check nothing_of_that_was_data_either only_events
for version in 1_2 1_3; do
  types Q -tls$version
  check "close_notify_ends_the_exchange (TLS $version)" ended_as client_gone EOF
done
begin_typing -tls1_3
before=$(grep -c '' "$work/access.log")
kill -KILL "$client"
soon one_more_line_than "$before"
end_typing 2>/dev/null
tail -n 1 "$work/access.log" >"$work/line"
check so_does_a_client_that_is_killed matches '"end":"client_gone"' "$work/line"
converse /hello
check after_all_that_clients_are_served says '^Hello, world'
check_end_of site

start_relay again $good "$origin"
site=${url#https://}
converse /hello -tls1_3 -sess_in "$work/ticket"
check a_ticket_of_another_process_resumes_nothing is "$(handshakes New) $(handshakes Reused)" "1 0"
check but_its_client_is_served says '^Hello, world'
check_end_of again
