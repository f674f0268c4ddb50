#!/bin/sh
# weir-relay as a program: every flag but those of TLS, what it says when something is wrong, fields, the access log,
# workers, signals and sockets, all seen from outside with curl.
. "$(dirname "$0")/lib.inc"
. "$real/cli.inc"

need curl curl
need "$python" python3
need_binary weir-relay
need_binary weir-origin

start_origin origin
origin=$url

# ---- what is wrong is said in one line, and nothing starts ----

check no_origin_is_refused refuses "no origin given"
for flag in connect handshake head gap total stall request-head request-body keepalive user drain; do
  check "a_bad_time_is_refused_by_--$flag-timeout" \
    refuses "--$flag-timeout 5x: want a time such as 300s, 5m or 250ms" "--$flag-timeout" 5x "$origin"
done
check a_bad_time_is_refused_by_--idle-origin refuses "--idle-origin soon: want a time" --idle-origin=soon "$origin"
check a_time_of_0_is_refused refuses "--gap-timeout 0: want a time" --gap-timeout 0 "$origin"
check a_time_without_end_is_refused refuses "--gap-timeout 50000h: want a time" --gap-timeout 50000h "$origin"
for flag in head-bytes target-bytes request-body-max outbox-high outbox-low pipeline-bytes notsent-lowat client-rate-min; do
  check "a_bad_size_is_refused_by_--$flag" refuses "--$flag 5x: want a size such as 65536, 64k or 1m" "--$flag" 5x "$origin"
done
for flag in head-fields interim-max clients-max clients-per-address idle-per-origin; do
  check "a_bad_number_is_refused_by_--$flag" refuses "--$flag 1k: want a whole number" "--$flag" 1k "$origin"
done
check a_size_too_large_is_refused refuses "--outbox-high 4g: want a size" --outbox-high 4g "$origin"
check a_head_size_too_small_is_refused refuses "--head-bytes 100: want a size" --head-bytes 100 "$origin"
check low_water_above_high_is_refused refuses "--outbox-low (2048 bytes) must not be above --outbox-high (1024" \
  --outbox-high 1k --outbox-low 2k "$origin"
check low_water_above_the_usual_high_is_refused refuses "--outbox-low (524288 bytes) must not be above --outbox-high (262144" \
  --outbox-low 512k "$origin"
check a_target_above_the_head_is_refused refuses "--target-bytes (16384 bytes) must not be above --head-bytes" \
  --head-bytes 8k --target-bytes 16k "$origin"
check what_is_not_given_follows_its_sibling_down "$relay" --check --listen 127.0.0.1:0 --outbox-high 1k --head-bytes 8k "$origin"
check bad_workers_are_refused refuses "--workers 0: want a whole number from 1 to 256" --workers 0 "$origin"
check unix_listeners_of_several_workers_are_refused refuses "only a port can be shared by --workers 2" \
  --workers 2 --listen "unix:$work/x" "$origin"
for address in here 1.2.3.4:http 1.2.3.4:70000 :: unix:x; do
  check "a_bad_address_is_refused_$address" refuses "--listen $address: want host:port" --listen "$address" "$origin"
done
check an_address_of_another_machine_is_refused refuses "cannot listen on 192.0.2.1:0: " --listen 192.0.2.1:0 "$origin"
for bad in https://127.0.0.1/path ftp://127.0.0.1 127.0.0.1:80 http://127.0.0.1/path http://127.0.0.1:x http:// unix:x; do
  check "a_bad_origin_is_refused_$bad" refuses "$bad: not an origin: want http://host[:port], https:// or unix:/path" "$bad"
done
check a_bad_url_in_a_route_is_refused refuses "https://x:y: not an origin" --route /a=https://x:y
check a_route_without_prefix_is_refused refuses "--route http://x: want PREFIX=URL" --route http://x
check two_origins_are_refused refuses "two origins for /: 'http://a' and 'http://b'" http://a http://b
check two_routes_for_one_prefix_are_refused refuses "two origins for Example.org/a" \
  --route example.org/a=http://a --route Example.org/a=http://b
check a_bad_origin_host_is_refused refuses "--origin-host a b: want host or host:port" --origin-host "a b" "$origin"
check a_bad_range_is_named refuses "--trusted-proxy 10.0.0.1/8: not an address range" \
  --trusted-proxy 127.0.0.1 --trusted-proxy 10.0.0.1/8 --trusted-proxy unix "$origin"
check a_bad_via_is_refused refuses "--via a,b: want a name" --via a,b "$origin"
check an_empty_upgrade_is_refused refuses "--upgrade '': want protocols" --upgrade= "$origin"
check a_bad_log_level_is_refused refuses "--log-level loud: want off, error, warn, info or debug" --log-level loud "$origin"
check a_log_that_cannot_be_written_is_refused refuses "--access-log $work/no/log: cannot write to it" \
  --access-log "$work/no/log" --listen 127.0.0.1:0 "$origin"
check a_folder_as_log_is_refused refuses "--access-log $work: cannot write to it" --access-log "$work" "$origin"
check a_missing_value_is_told refuses "--listen needs a value: --listen ADDR" "$origin" --listen
check a_flag_is_no_value refuses "--gap-timeout needs a value" --gap-timeout --check "$origin"
check a_value_too_many_is_told refuses "--half-close takes no value" --half-close=yes "$origin"

check a_misspelt_flag_is_recognised refuses "unknown flag --gap-timout: did you mean --gap-timeout?" --gap-timout 5s
check swapped_letters_are_recognised refuses "unknown flag --ilsten: did you mean --listen?" --ilsten=:80
check a_missing_dash_is_recognised refuses "unknown flag -workers: did you mean --workers?" -workers 2
check an_abbreviation_is_recognised refuses "unknown flag -h: did you mean --help?" -h
check a_flag_like_no_other_is_unknown refuses "unknown flag --bandwidth-per-moon-phase: --help" --bandwidth-per-moon-phase

for name in Connection content-length Keep-Alive Proxy-Connection TE Transfer-Encoding Upgrade; do
  check "weirs_own_field_is_refused_$name" refuses "so weir writes it itself" --request-header "$name: x" "$origin"
  check "weirs_own_field_is_not_removed_$name" refuses "so weir writes it itself" --response-header "$name:" "$origin"
done
check host_is_set_elsewhere refuses "--origin-host sends another one" --request-header "Host: x" "$origin"
check a_field_without_colon_is_refused refuses "want 'Name: value', or 'Name:' to remove it" --request-header X "$origin"
check a_field_name_with_space_is_refused refuses "'X y' is no field name" --response-header "X y: z" "$origin"
check a_field_with_newline_is_refused refuses "the value has a control character" --response-header "X: a
b: c" "$origin"
check an_unknown_placeholder_lists_the_known refuses "{client} is no placeholder; there are {client_addr} {client_port} \
{local_port} {host} {scheme} {request_id}, and {{ for a brace" --request-header "X: {client}" "$origin"
check an_open_brace_is_refused refuses "is no placeholder" --request-header 'X: {"a":1' "$origin"

# ---- help, version, check ----

fits_two_screens() { # flag
  "$relay" "$1" >"$work/page" || return 1
  at_most "$(grep -c '' "$work/page")" 48 && at_most "$(awk '{ print length($0) }' "$work/page" | sort -n | tail -1)" 80 &&
    cat "$work/page" >>"$work/help"
}

shows_every_default() {
  for value in 127.0.0.1:8080 5s 300s 60s 10s 75s 4s 64k 128 16k 16 64 256k 30s weir websocket 1.2; do
    grep -qF "($value)" "$work/help" || { echo "$value is missing"; return 1; }
  done
}

# Each flag in the help is one that parses: without its value it says what it wants, switches are right as they are.
knows_every_flag() {
  for flag in $(sed -n 's/^  --\([a-z-]*\) .*/\1/p' "$work/help"); do
    out=$(timeout 10 "$relay" --check --origin-insecure --heartbeat 1s https://127.0.0.1 "--$flag" 2>&1)
    code=$?
    case "$code $out" in
      "2 weir-relay: --$flag needs a value: --$flag "* | 0*) ;;
      *) echo "--$flag: $code $out"; return 1 ;;
    esac
  done
}

# What the program takes is what it tells of.
lists_every_flag() {
  for flag in $(sed -n 's/^ *{*\(FLAG\|TIMER\|SIZE\|COUNT\|EVENT_TIME\|EVENT_TEXT\)("\([a-z-]*\)".*/\2/p' "$real/../../examples/relay/flag_table.c"); do
    grep -q -- "^  --$flag " "$work/help" || { echo "--$flag is missing"; return 1; }
  done
}

# The tables for those who come from nginx.
readme_knows_them() {
  for flag in $(sed -n '/^| nginx | weir-relay/,/^$/p' "$real/../../README.md" | grep -oE -- '--[a-z]+[a-z-]*' | sort -u); do
    grep -q -- "^  $flag " "$work/help" || { echo "there is no $flag"; return 1; }
  done
}

check help_fits_two_screens fits_two_screens --help
check the_help_of_timers_and_limits_does_too fits_two_screens --help-tuning
check the_help_of_event_streams_does_too fits_two_screens --help-events
check help_shows_the_defaults shows_every_default
check help_lists_what_parses knows_every_flag
check help_lists_all_there_is lists_every_flag
check the_flags_in_readme_exist readme_knows_them
check version_names_libraries sh -c '"$1" --version |
  grep -Eq "^weir-relay [0-9.]+ \(libuv [0-9.]+, llhttp [0-9.]+, Mbed TLS 3\.[0-9.]+\)$"' - "$relay"

all_flags() {
  timeout 10 "$relay" --check --listen 127.0.0.1:0 --listen '[::1]:0' --listen :0 --route "/a=$origin" --route "x.org/=$origin" \
    --origin-host x.org:80 --request-header 'A: {host}{{}' --response-header 'B:' --no-forwarding-headers --forwarded \
    --trusted-proxy 10.0.0.0/8 --trusted-proxy fd00::/8 --trusted-proxy unix --via off --upgrade off --half-close \
    --connect-timeout 1 --head-timeout 5m --gap-timeout off --total-timeout 1h --stall-timeout 250ms \
    --request-head-timeout 10S --request-body-timeout=60s --keepalive-timeout 75 --idle-origin 4s --user-timeout off \
    --head-bytes 1m --head-fields 100 --target-bytes 64K --interim-max off --request-body-max 10g --clients-max 1000 \
    --clients-per-address 100 --idle-per-origin 8 --outbox-high 1m --outbox-low 4096 --pipeline-bytes off --notsent-lowat off --workers 4 \
    --client-rate-min 1k --access-log "$work/never" --log-level debug --drain-timeout off "$origin"
}

check every_flag_is_taken is "$(all_flags 2>&1; echo $?)" 0
check check_opens_no_log test ! -e "$work/never"

# ---- one relay with everything that can be seen in fields ----

start_relay relay --listen "unix:$work/relay.sock" --access-log "$work/access.log" --gap-timeout 500ms \
  --route "EXAMPLE.org/=http://127.0.0.1:1" --route "/refused=http://127.0.0.1:1" \
  --request-header 'X-One: 1' --request-header 'X-One: 2' --request-header 'X-Gone: 1' --request-header 'X-Gone:' \
  --request-header 'User-Agent:' --request-header 'REMOTE-HOST: {client_addr}' \
  --request-header 'X-All: {client_port}/{local_port}/{host}/{scheme}/{request_id}' --request-header 'X-Json: {{"a":1}' \
  --response-header 'X-Host: is {host}' --response-header 'Content-Type: text/x-{scheme}' --response-header 'X-Accel-Buffering:' \
  --response-header 'X-Id: {request_id}' "$origin"
port=${url##*:}

get /headers -A agent -H 'X-One: client' -D "$work/head" -o "$work/headers"
id=$(sed -n 's/^X-Id: \(.*\)\r$/\1/p' "$work/head")
check port_0_becomes_a_real_one test "$port" -gt 0
check the_second_listener_is_announced is "$(sed -n 2p "$work/relay.out")" "listening on unix:$work/relay.sock"
check the_last_of_two_settings_holds is "$(sent x-one)" 2
check set_and_removed_is_gone is "$(sent x-gone)" ""
check a_clients_field_is_removed is "$(sent user-agent)" ""
check client_addr_is_told is "$(sent remote-host)" 127.0.0.1
check ports_host_scheme_and_id_are_told is "$(sent x-all | sed 's/^[0-9]*//')" "/$port/127.0.0.1:$port/http/$id"
check a_doubled_brace_is_one is "$(sent x-json)" '{"a":1}'
check the_clients_host_goes_upstream is "$(sent host)" "127.0.0.1:$port"
check a_response_field_knows_the_host matches "^X-Host: is 127.0.0.1:$port.\$" "$work/head"
check a_response_field_is_replaced matches '^Content-Type: text/x-http.$' "$work/head"
get /text?n=1 -D "$work/head" -o "$work/body"
check a_response_field_is_removed is "$(grep -ci '^x-accel-buffering' "$work/head")" 0
check a_unix_listener_serves is "$(curl -sS -m 20 --unix-socket "$work/relay.sock" http://x/hello)" "Hello, world"
check a_unix_client_is_told is "$(curl -sS -m 20 --unix-socket "$work/relay.sock" http://x/headers >"$work/headers"; sent remote-host)" unix
check the_route_of_a_host_wins is "$(get / -o "$work/body" -w '%{http_code}' -H 'Host: example.ORG:99')" 502
check the_longest_prefix_wins is "$(get /refused/x -o "$work/body" -w '%{http_code}')" 502

# ---- the access log ----

all_lines_are_json() { # file
  "$python" -c 'import json, sys; [json.loads(line) for line in open(sys.argv[1])]' "$1"
}

keys_are() { # names..
  is "$("$python" -c 'import json, sys; print(*json.load(open(sys.argv[1])))' "$work/line")" "$*"
}

check an_exchange_is_logged logged /headers
head -1 "$work/line" >"$work/first" && mv "$work/first" "$work/line"
check the_log_has_all_keys keys_are time client method target status end request_bytes bytes chunks first_byte_ms \
  longest_gap_ms duration_ms id
check the_log_tells_client_method_status_and_end line_has "127.0.0.1 GET 200 complete" client method status end
check the_id_in_the_log_is_the_one_that_was_sent line_has "$id" id
check the_time_is_rfc_3339 matches '"time":"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"' "$work/line"

get '/text?n=4&interval_ms=60&size=10' -o "$work/body"
check a_stream_is_logged logged '/text?n=4&interval_ms=60&size=10'
check the_log_counts_bytes_and_chunks line_has "200 complete 40 4" status end bytes chunks
check the_log_times_gaps "$python" -c 'import json, sys
line = json.load(open(sys.argv[1]))
assert 30 <= line["longest_gap_ms"] <= line["duration_ms"] and line["duration_ms"] >= 150, line' "$work/line"
get /echo -d 12345678 -o "$work/body"
check an_upload_is_logged logged /echo
check the_log_counts_request_bytes line_has "POST 8 8" method request_bytes bytes
get /hello -I -o "$work/body"
check no_body_is_null sh -c 'grep -F "\"method\":\"HEAD\"" "$1" | grep -qF "\"bytes\":0,\"chunks\":0,\"first_byte_ms\":null"' - "$work/access.log"
check a_refused_connection_is_logged logged /refused/x
check the_log_tells_unreachable line_has "502 unreachable" status end
get /hold -o "$work/body" 2>/dev/null # curl says that it was cut
check a_timeout_is_logged logged /hold
check the_log_names_the_timer line_has "200 timeout gap" status end timer
get '/x?"q\y' -o "$work/body"
check quotes_are_escaped logged '/x?\"q\\y'
check quotes_come_back line_has '/x?"q\y' target
long=$(head -c 9000 /dev/zero | tr '\0' a)
get "/long?$long" -o "$work/body"
check a_long_target_is_cut awk '/"target":"\/long[?]a*[.][.][.]"/ && length($0) < 4096 { found = 1 } END { exit !found }' "$work/access.log"
check a_client_that_leaves_is_logged sh -c 'curl -s -m 0.2 "$1/sse?n=0" -o /dev/null; :' - "$url"
check the_line_of_it_comes logged '/sse?n=0'
check the_log_tells_client_gone line_has "200 client_gone" status end
check every_line_is_json all_lines_are_json "$work/access.log"

# ---- SIGHUP ----

reopened() {
  mv "$work/access.log" "$work/access.log.1"
  kill -HUP "$(pid_of relay)"
  tries=0
  until [ -e "$work/access.log" ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { echo "no new log"; return 1; }
    sleep 0.05
  done
  get /after-hup -o "$work/body"
  logged /after-hup && is "$(grep -c after-hup "$work/access.log.1")" 0
}

check sighup_reopens_the_log reopened
stop relay
check the_relay_ends_with_0_when_idle is $? 0
check its_unix_socket_is_gone test ! -e "$work/relay.sock"

# ---- the other flags ----

start_relay forwarding --origin-host origin.example --forwarded --via edge --trusted-proxy 127.0.0.0/8 "$origin"
get /headers -H 'X-Forwarded-For: 192.0.2.7' -D "$work/head" -o "$work/headers"
check origin_host_is_sent is "$(sent host)" origin.example
check forwarded_is_sent is "$(sent forwarded)" "for=127.0.0.1;host=\"${url#http://}\";proto=http"
check via_has_the_name is "$(sent via)" "1.1 edge"
check a_trusted_proxy_is_believed is "$(sent x-forwarded-for)" "192.0.2.7, 127.0.0.1"
start_relay silent --no-forwarding-headers --via off --access-log - --head-timeout 300ms "$origin"
get /headers -H 'X-Forwarded-For: 192.0.2.7' -D "$work/head" -o "$work/headers"
check no_forwarding_headers_are_sent is "$(sent x-forwarded-for)$(sent x-real-ip)$(sent via)$(sent forwarded)" ""
check the_log_goes_to_stdout matches '^\{"time":.*"target":"/headers"' "$work/silent.out"
check a_head_timeout_is_504 is "$(get '/early?interval_ms=2000' -o "$work/body" -w '%{http_code}')" 504
start_relay full --access-log /dev/full --log-level info "$origin"
get /hello -o "$work/body" && get /hello -o "$work/body"
check a_log_on_a_full_disk_is_told_once is "$(grep -ci 'weir-relay: --access-log /dev/full: lines get lost: No space left' "$work/full.err")" 1
check the_log_level_shows_what_happens matches '^20[^ ]*Z info relay=.* event=end end=complete status=200' "$work/full.err"
start_relay limited --request-body-max 4 --target-bytes 32 --head-bytes 1k --clients-max 1 "$origin"
check a_body_limit_is_413 is "$(get /echo -d 12345 -o "$work/body" -w '%{http_code}')" 413
check a_target_limit_is_414 is "$(get "/$(printf %40s | tr ' ' a)" -o "$work/body" -w '%{http_code}')" 414
check a_head_limit_is_431 is "$(get / -H "X: $(printf %1500s | tr ' ' a)" -o "$work/body" -w '%{http_code}')" 431

start unix_origin "$bin/weir-origin" --listen "unix:$work/origin.sock"
start_relay to_unix "unix:$work/origin.sock"
check a_unix_origin_answers is "$(get /hello)" "Hello, world"

# What SEED.md's site does, each directive by a flag or by default.
start_relay seed --gap-timeout 300s --request-header 'REMOTE-HOST: {client_addr}' --response-header 'X-Cache: MISS' \
  --response-header 'Alt-Svc: h3=":443"; ma=2592000' --response-header 'Cache-Control: no-cache' \
  --response-header 'Strict-Transport-Security: max-age=31536000' --route "/=$origin"
get /headers -D "$work/head" -o "$work/headers"
for name in x-real-ip x-forwarded-for x-forwarded-proto x-forwarded-port remote-host; do
  check "the_seed_site_sends_$name" test -n "$(sent "$name")"
done
for line in 'X-Cache: MISS' 'Alt-Svc: h3=":443"; ma=2592000' 'Cache-Control: no-cache' 'Strict-Transport-Security: max-age=31536000'; do
  check "the_seed_site_answers_${line%%:*}" matches "^$line.\$" "$work/head"
done

# ---- ports ----

check a_port_that_is_taken_is_refused refuses "cannot listen on ${url#http://}: address already in use" \
  --listen "${url#http://}" "$origin"
check a_socket_that_is_taken_is_refused refuses "cannot listen on unix:$work/origin.sock: address already in use" \
  --listen "unix:$work/origin.sock" "$origin"
stop to_unix
check nothing_starts_when_the_second_listener_is_wrong refuses "cannot listen on ${url#http://}" \
  --listen "unix:$work/second.sock" --listen "${url#http://}" "$origin"
check no_socket_is_left test ! -e "$work/second.sock"
start_relay everywhere --listen :0 --listen localhost:0 "$origin"
check every_address_is_announced sh -c 'sed -n 2p "$1" | grep -Eqx "listening on http://0\.0\.0\.0:[0-9]+" &&
  sed -n 3p "$1" | grep -Eqx "listening on http://localhost:[0-9]+"' - "$work/everywhere.out"
check every_address_serves is "$(url=http://127.0.0.1:$(sed -n '2s/.*://p' "$work/everywhere.out") get /hello)" "Hello, world"

# A connection is a descriptor.
start limits sh -c 'ulimit -Sn 100; exec "$@"' - "$relay" --listen 127.0.0.1:0 "$origin"
check the_descriptor_limit_is_raised is "$(awk '/^Max open files/ { print $4 == $5 }' "/proc/$(pid_of limits)/limits")" 1

# ---- workers ----

start_relay workers --workers 3 --access-log "$work/workers.log" --listen 127.0.0.1:0 "$origin"
workers=$(pid_of workers)

many() { # how many
  seq "$1" | sed "s|.*|url = \"$url/hello?&\"|" >"$work/urls"
  curl -sS -m 30 --parallel --parallel-max 20 -H 'Connection: close' -K "$work/urls" -o /dev/null
}

# Lines are there when the responses are; but a worker may write its last one after its client has got all.
has_lines() { # file, how many
  tries=0
  until [ "$(grep -c '' "$1")" -ge "$2" ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { echo "$(grep -c '' "$1") lines, wanted $2"; return 1; }
    sleep 0.05
  done
  is "$(grep -c '' "$1")" "$2"
}

# An id is run-worker-number.
serving_workers() { # file
  sed -n 's/.*"id":"[0-9a-f]*-\([0-9]*\)-[0-9]*"}$/\1/p' "$1" | sort -u | grep -c ''
}

check each_listener_is_announced_once is "$(grep -c '' "$work/workers.out")" 2
check many_requests_are_served many 150
check each_has_its_line has_lines "$work/workers.log" 150
check lines_of_workers_do_not_mix all_lines_are_json "$work/workers.log"
check several_workers_serve test "$(serving_workers "$work/workers.log")" -gt 1
check ids_are_unique is "$(sed 's/.*"id"://' "$work/workers.log" | sort -u | grep -c '')" 150

all_reopened() {
  mv "$work/workers.log" "$work/workers.log.1"
  kill -HUP "$workers"
  tries=0
  until [ "$(find "/proc/$workers/fd" -lname "$work/workers.log" | grep -c '')" -eq 3 ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { ls -l "/proc/$workers/fd"; return 1; }
    sleep 0.05
  done
  many 20 && has_lines "$work/workers.log" 20 && is "$(grep -c '' "$work/workers.log.1")" 150
}

check every_worker_reopens_the_log all_reopened

# ---- the end ----

# The listener closes before the running stream has ended.
refuses_connections() {
  tries=0
  while curl -s -m 2 "$url/hello" -o /dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 40 ] || { echo "still served"; return 1; }
    sleep 0.05
  done
}

# Waits for a server's end. Leaves its exit status in $code, or that there is none.
await_end() { # name, most tenths of a second
  pid=$(pid_of "$1")
  tries=0
  while kill -0 "$pid" 2>/dev/null; do
    tries=$((tries + 1))
    code="still running after $2 tenths of a second"
    [ $tries -le "$2" ] || return 1
    sleep 0.1
  done
  wait "$pid"
  code=$?
}

begin_stream '/text?n=40&interval_ms=50'
kill -TERM "$workers"
check a_draining_relay_takes_no_connections refuses_connections
check the_stream_still_runs kill -0 "$client"
wait "$client"
check a_running_stream_is_finished is $? 0
check it_came_whole is "$(wc -w <"$work/stream")" 40
await_end workers 20
check a_drained_relay_exits_0_soon_after is "$code" 0

start_relay deadline --drain-timeout 400ms --access-log "$work/deadline.log" "$origin"
begin_stream /hold
kill -INT "$(pid_of deadline)"
await_end deadline 30
check the_deadline_ends_what_still_runs_and_exits_0 is "$code" 0
wait "$client"
check the_client_sees_the_cut is $? 18
check the_log_tells_drained matches '"end":"drained"' "$work/deadline.log"

for signals in "TERM TERM" "INT TERM" "TERM INT"; do
  name=second_$(echo "$signals" | tr ' ' _)
  start_relay "$name" --workers 2 "$origin"
  begin_stream /hold
  kill "-${signals% *}" "$(pid_of "$name")"
  check "a_first_signal_drains ($signals)" refuses_connections
  check "it_waits_for_the_stream ($signals)" kill -0 "$(pid_of "$name")"
  kill "-${signals#* }" "$(pid_of "$name")"
  await_end "$name" 20
  check "a_second_signal_ends_at_once_with_1 ($signals)" is "$code" 1
  wait "$client"
done
client=

for name in forwarding silent full limited seed everywhere limits; do
  stop "$name"
  check "${name}_ends_with_0" is $? 0
done
