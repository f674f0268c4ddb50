#!/bin/sh
# The flags of weir-relay for event streams: what each does to a stream that goes wrong, what it says when it is wrong
# itself, and what the access log tells. The help is looked at in weir_relay_cli.sh.
. "$(dirname "$0")/lib.inc"
. "$real/cli.inc"

need curl curl
need "$python" python3
need_binary weir-relay
need_binary weir-origin

start origin "$python" "$real/event_origin.py"
origin=$url

# ---- what is wrong is said in one line ----

for flag in heartbeat first-byte-timeout first-event-timeout first-content-timeout event-gap-timeout commit-time \
  max-stream-time drain-cut drain-retry abandon-time stale; do
  check "a_bad_time_is_refused_by_--$flag" refuses "--$flag 5x: want a time such as 300s, 5m or 250ms" "--$flag" 5x "$origin"
done
for flag in event-bytes commit-bytes replay-body max-stream-bytes abandon-bytes; do
  check "a_bad_size_is_refused_by_--$flag" refuses "--$flag 5x: want a size such as 65536, 64k or 1m" "--$flag" 5x "$origin"
  check "a_size_of_0_is_refused_by_--$flag" refuses "--$flag 0: want a size" "--$flag" 0 "$origin"
done
for flag in max-events max-tokens commit-retry abandon-max; do
  check "a_bad_number_is_refused_by_--$flag" refuses "--$flag 1k: want a whole number" "--$flag" 1k "$origin"
done
for flag in error-event cut-event drain-event; do
  check "a_bad_text_is_refused_by_--$flag" refuses "--$flag opnai: want openai, anthropic, event, or a text" "--$flag" opnai "$origin"
  check "an_empty_text_is_refused_by_--$flag" refuses "--$flag" "--$flag=" "$origin"
done
for text in '' beat ': beat' 'event: beat\n' 'data: x'; do
  check "a_bad_heartbeat_is_refused_'$text'" refuses "--heartbeat-text $text: want comment, ping, event, or a text" \
    --heartbeat 1s "--heartbeat-text=$text" "$origin"
done
for marker in '' '[DONE]' 'data:' 'id: 4'; do
  check "a_bad_marker_is_refused_'$marker'" refuses "--end-marker $marker: want 'data: TEXT'" "--end-marker=$marker" "$origin"
done
check a_bad_mode_is_refused refuses "--event-mode on: want off, tap or filter" --event-mode on "$origin"
check a_bad_action_is_refused refuses "--stale-action drop: want evict or coalesce" --stale 1s --stale-action drop "$origin"
check an_early_heartbeat_needs_one refuses "--heartbeat-early does nothing without --heartbeat" --heartbeat-early "$origin"
check a_shape_needs_a_heartbeat refuses "--heartbeat-text does nothing without --heartbeat" --heartbeat-text ping "$origin"
for commit in --commit-event "--commit-bytes 1k" "--commit-time 1s"; do
  check "an_early_head_cannot_be_held_${commit%% *}" refuses "only one of them goes" --heartbeat 1s --heartbeat-early $commit "$origin"
done
check a_retry_needs_a_commit_point refuses "--commit-retry does nothing without --commit-event" --commit-retry 1 "$origin"
check a_replay_needs_a_retry refuses "--replay-body does nothing without --commit-retry" --replay-body 1k --commit-event "$origin"
check a_cut_event_needs_a_budget refuses "--cut-event does nothing without --max-events" --cut-event event "$origin"
check a_number_of_the_abandoned_needs_them refuses "--abandon-max does nothing without --abandon-bytes" --abandon-max 1 "$origin"
check an_action_needs_an_age refuses "--stale-action does nothing without --stale" --stale-action evict "$origin"
check who_does_not_look_cannot_act refuses "--heartbeat does nothing with --event-mode off" --heartbeat 1s --event-mode off "$origin"
check a_tap_leaves_nothing_out refuses "only one of them goes" --event-mode tap --stale 1s --stale-action coalesce "$origin"
check a_drain_is_cut_before_its_deadline refuses "--drain-cut (40000 ms) must be below --drain-timeout (30000 ms)" \
  --drain-cut 40s "$origin"

all_event_flags() {
  timeout 10 "$relay" --check --event-mode filter --event-bytes 64k --ledger --heartbeat 15s --heartbeat-text ': a\n: b\n' \
    --first-byte-timeout 1 --first-event-timeout 5m --first-content-timeout off --event-gap-timeout 250ms --commit-event \
    --commit-bytes 1k --commit-time 2s --commit-retry 2 --replay-body 1m --error-event anthropic --end-marker 'data: [DONE]' \
    --end-marker 'event: message_stop' --end-marker 'contains: "done":true' --max-events 5 --max-stream-bytes 10g \
    --max-stream-time 1h --max-tokens 4096 --cut-event 'event: end\ndata: {reason}' --drain-cut 5s --drain-event openai \
    --drain-retry 2s --abandon-bytes 1m --abandon-time 10s --abandon-max off --stale 10s --stale-action coalesce "$origin"
}

check every_flag_of_streams_is_taken is "$(all_event_flags 2>&1; echo $?)" 0

# Each feature is a row of the table in README.md, and each flag there exists.
readme_tells_all() {
  sed -n '/^## Event streams/,/^## Link it/p' "$real/../../README.md" >"$work/chapter"
  "$relay" --help-events | sed -n 's/^  --\([a-z-]*\) .*/\1/p' >"$work/flags"
  while read -r flag; do
    grep -q -- "--$flag\b" "$work/chapter" || { echo "README.md lacks --$flag"; return 1; }
  done <"$work/flags"
  for flag in $(grep -oE '`--[a-z-]+' "$work/chapter" | tr -d '`' | sort -u); do
    "$relay" --check "$flag" 2>&1 | grep -q 'unknown flag' && { echo "there is no $flag"; return 1; }
  done
  return 0
}

check readme_has_every_flag readme_tells_all

# ---- what they do ----

relays=
with() { # name, flags..
  relays="$relays $1"
  : >"$work/access.log"
  start_relay "$@" --access-log "$work/access.log" "$origin"
}

ids() { # file
  sed -n 's/^id: //p' "$1" | tr '\n' ' '
}

last_line() {
  grep . "$work/body" | tail -1
}

keys_of_line() {
  "$python" -c 'import json, sys; print(*json.load(open(sys.argv[1])))' "$work/line"
}

# Nothing is looked at unless a flag asks for it.
with plain
get /fine -o "$work/body"
check an_unseen_stream_is_logged logged /fine
check its_line_is_as_ever is "$(keys_of_line)" \
  "time client method target status end request_bytes bytes chunks first_byte_ms longest_gap_ms duration_ms id"

with tap --event-mode tap
get /fine -o "$work/body"
check a_seen_stream_is_logged logged /fine
check its_line_tells_of_events is "$(keys_of_line)" "time client method target status end request_bytes bytes chunks \
first_byte_ms longest_gap_ms duration_ms events first_event_ms first_content_ms heartbeats dropped in_band id"
check events_are_counted line_has "complete 4 0 0 False" end events heartbeats dropped in_band
get /told -o "$work/told"
check another_response_is_logged logged /told
check its_line_is_as_ever_too sh -c '! grep -q first_event_ms "$1"' - "$work/line"

with words --first-content-timeout 10s
get /words -o "$work/body"
check words_are_logged logged /words
check the_first_word_has_a_time "$python" -c 'import json, sys
line = json.load(open(sys.argv[1]))
assert line["first_event_ms"] <= line["first_content_ms"] < 2000, line' "$work/line"

with beats --heartbeat 200ms --heartbeat-text 'event: beat\ndata: {}\n\n'
get /pauses -o "$work/body"
check a_heartbeat_fills_a_silence matches '^event: beat$' "$work/body"
check the_events_are_all_there is "$(ids "$work/body")" "0 1 "
check a_stream_with_heartbeats_is_logged logged /pauses
check heartbeats_are_counted sh -c 'grep -Eq "\"heartbeats\":[123]," "$1"' - "$work/line"
for shape in 'comment ^:$' 'ping ^:.ping$' 'event ^event:.ping$'; do
  with "beats_${shape%% *}" --heartbeat 200ms --heartbeat-text "${shape%% *}"
  get /pauses -o "$work/body"
  check "a_heartbeat_has_the_shape_${shape%% *}" matches "${shape#* }" "$work/body"
done

with early --heartbeat 200ms --heartbeat-early
get /thinks -H 'Accept: text/event-stream' -o "$work/body"
check an_early_heartbeat_comes_before_the_origin sh -c 'head -1 "$1" | grep -qx :' - "$work/body"
check the_stream_follows_it is "$(ids "$work/body")" "0 1 "

# Each timer by a stream that is alive in every other respect.
for timer in first-byte:silent first-event:comments first-content:wordless event-gap:stalls; do
  name=$(echo "${timer%:*}" | tr - _)
  path=/${timer#*:}
  with "$name" "--${timer%:*}-timeout" 400ms --error-event event
  get "$path" -o "$work/body"
  check "the_stream_ends_well (${timer%:*})" is $? 0
  check "it_says_why (${timer%:*})" is "$(last_line | grep -o '"reason":"timeout"')" '"reason":"timeout"'
  check "its_line_comes (${timer%:*})" logged "$path"
  check "the_line_names_the_timer (${timer%:*})" line_has "timeout $name True" end timer in_band
done

with commit --commit-event
get /fails -o "$work/body" -w '%{http_code}' >"$work/status"
check an_error_behind_200_is_a_503 is "$(cat "$work/status")" 503
check a_good_stream_is_a_200 is "$(get /fine -o "$work/body" -w '%{http_code}')" 200
check it_is_whole is "$(ids "$work/body")" "0 1 2 "
with commit_time --commit-time 300ms
check time_commits is "$(get /pauses -o "$work/body" -w '%{http_code}')" 200
with retry --commit-event --commit-retry 1 --replay-body 64k
check a_retry_finds_the_good_answer is "$(get /fails-once -d hello -o "$work/body" -w '%{http_code}')" 200
check the_body_was_sent_again matches '"body": "hello"' "$work/body"
check retries_have_an_end is "$(get /fails -o "$work/body" -w '%{http_code}')" 503

for shape in openai anthropic event; do
  with "ends_$shape" --error-event "$shape"
  get /dies -o "$work/body"
  check "a_dead_origin_ends_well ($shape)" is $? 0
  check "the_last_event_is_one_of_that_api ($shape)" "$python" -c 'import json, sys
line = json.loads(sys.argv[2].removeprefix("data: "))
assert {"openai": "error" in line, "anthropic": line.get("type") == "error", "event": "reason" in line}[sys.argv[1]]' \
    "$shape" "$(last_line)"
  check "its_line_comes ($shape)" logged /dies
  check "the_line_tells_both ($shape)" line_has "truncated True" end in_band
done
with template --error-event 'event: gone\nid: 9\ndata: {"why":"{reason}","say":"a\\nb"}'
get /dies -o "$work/body"
check a_text_of_ones_own_is_sent is "$(tail -4 "$work/body" | tr '\n' '|')" \
  'event: gone|id: 9|data: {"why":"truncated","say":"a\nb"}||'
get /breaks -o "$work/body" 2>/dev/null
check inside_of_an_event_it_is_cut is $? 18
check nothing_was_added is "$(tail -c 9 "$work/body" | tr '\n' '|')" '|id: 1|da'

with marked --end-marker 'event: over' --end-marker 'data: [DONE]'
get /fine -o "$work/body"
check a_marked_end_is_logged logged /fine
check it_is_complete line_has complete end
get /unmarked -o "$work/body"
check an_unmarked_end_is_logged logged /unmarked
check it_is_told_apart line_has unmarked end

for budget in 'events 3' 'stream-bytes 60' 'stream-time 400ms' 'tokens 3'; do
  path=/endless
  [ "$budget" != 'tokens 3' ] || path=/words
  name=budget_$(echo "${budget%% *}" | tr - _)
  with "$name" "--max-${budget%% *}" "${budget#* }" --cut-event 'event: cut\ndata: {reason}'
  get "$path" -o "$work/body"
  check "a_budget_ends_a_stream_well (${budget%% *})" is $? 0
  check "it_ends_with_its_event (${budget%% *})" is "$(tail -3 "$work/body" | tr '\n' '|')" "event: cut|data: cut||"
  check "its_line_comes (${budget%% *})" logged "$path"
  check "the_line_tells_the_cut (${budget%% *})" line_has "cut True" end in_band
done
check three_words_were_let_through is "$(grep -c '"content": "[^"]' "$work/body")" 3
with budget --max-events 3
get /endless -o "$work/body"
check without_an_event_the_end_is_bare is "$(ids "$work/body")" "0 1 2 "

# ---- clients that are gone or slow ----

leaves() { # path
  curl -s -m 0.3 "$url$1" -o /dev/null
  sleep 1.2
  get /told -o "$work/told"
}

with left
leaves /counted
check an_origin_is_left_at_once sh -c 'grep -q "\"gone\": true" "$1"' - "$work/told"
with abandoned --abandon-time 10s --abandon-bytes 1m
leaves /counted
check an_abandoned_origin_is_read_to_its_end sh -c 'grep -q "\"sent\": 20, \"gone\": false" "$1"' - "$work/told"

# Takes the first bytes, then nothing more for a while.
slow_client() { # path
  "$python" -c 'import socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.connect(("127.0.0.1", int(sys.argv[1])))
s.sendall(f"GET {sys.argv[2]} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
s.recv(1000)
time.sleep(2.5)' "${url##*:}" "$1"
}

with stale --stale 500ms --stall-timeout 30s
slow_client /large
check a_stale_client_is_logged logged /large
check it_was_evicted line_has "timeout stale" end timer
with coalesced --stale 500ms --stale-action coalesce --stall-timeout 30s
slow_client /large
check a_coalesced_client_is_logged logged /large
check it_lost_events sh -c 'grep -Eq "\"dropped\":[1-9]" "$1"' - "$work/line"

with ledger --ledger
get /endless -m 1 -o "$work/body" 2>/dev/null
check a_stream_with_a_ledger_is_logged logged /endless
check the_line_tells_what_weir_added "$python" -c 'import json, sys
line = json.load(open(sys.argv[1]))
assert 0 < line["added_us_p50"] <= line["added_us_p99"] <= line["added_us_max"], line
assert line["merged_busy"] == line["merged_held"] == line["merged_partial"] == 0, line' "$work/line"

# ---- the end ----

with drained --drain-cut 300ms --drain-retry 2s --drain-event 'event: restart\ndata: {reason}' --drain-timeout 10s
begin_stream /endless
began=$(date +%s)
kill -TERM "$(pid_of drained)"
wait "$client"
check a_drained_stream_ends_well is $? 0
client=
check it_says_when_to_come_back matches '^retry: 2000$' "$work/stream"
check it_says_why_at_the_end is "$(tail -3 "$work/stream" | tr '\n' '|')" "event: restart|data: drained||"
wait "$(pid_of drained)"
check the_relay_ends_with_0 is $? 0
check it_ends_long_before_its_deadline at_most $(($(date +%s) - began)) 3
check a_drained_stream_is_logged logged /endless
check the_line_tells_the_drain line_has "drained True" end in_band

for name in $relays; do
  [ "$name" = drained ] || check_end_of "$name"
done
