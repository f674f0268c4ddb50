#!/bin/sh
# SDKs and clients that people use read event streams through weir-relay: with heartbeats of each shape between the events of
# a slow origin, with a last event in their own vendor's shape when the origin dies, with an error in place of a stream that
# is none, up to a budget, and when weir-relay is told to end.
. "$(dirname "$0")/lib.inc"

need curl curl
need node nodejs
need_npm_package openai
need_npm_package @anthropic-ai/sdk
need_npm_package eventsource
need_python_module httpx python3-httpx
need_binary weir-relay

start origin node "$real/sdk_origin.mjs"
origin=$url

beats=
for shape in comment ping event; do
  start_relay $shape --heartbeat 20ms --heartbeat-text $shape "$origin"
  beats="$beats${beats:+ }$url"
done
start_relay openai --error-event openai "$origin"
openai=$url
start_relay anthropic --error-event anthropic "$origin"
anthropic=$url
start_relay event_source --error-event event "$origin"
event_source=$url
start_relay commit --commit-event "$origin"
commit=$url
start_relay cut --max-events 3 "$origin"
cut=$url
start_relay late --max-stream-time 1s "$origin"
late=$url
start_relay late_openai --max-stream-time 1s --cut-event openai "$origin"
late_openai=$url
start_relay late_anthropic --max-stream-time 1s --cut-event anthropic "$origin"
late_anthropic=$url
start_relay drain_openai --drain-cut 300ms --drain-timeout 20s --drain-event openai "$origin"

run_checks env ORIGIN="$origin" BEATS="$beats" OPENAI="$openai" ANTHROPIC="$anthropic" EVENT="$event_source" \
  COMMIT="$commit" CUT="$cut" LATE="$late" LATE_OPENAI="$late_openai" LATE_ANTHROPIC="$late_anthropic" \
  DRAIN="$url" DRAIN_PID="$(pid_of drain_openai)" node "$real/sdk_streams.mjs"
run_checks "$python" "$real/sdk_streams.py" "$origin" $beats

# ---- told to end ----

# Between two events, with a word to come back, and long before the streams would end.
start_relay drain --drain-cut 300ms --drain-timeout 20s --drain-event 'event: restart\ndata: {reason}' \
  --drain-retry 2s "$origin"
curl -sN "$url/endless/events" >"$work/drained" &
reader=$!
check "a stream has begun before the relay is told to end" soon matches '^event: word' "$work/drained"
kill "$(pid_of drain)"
wait $reader
check "a drained stream ends well" is $? 0
check "and says when to come back" matches '^retry: 2000' "$work/drained"
check "its last event is the one that was asked for" is "$(tail -n 3 "$work/drained" | tr '\n' '|')" 'event: restart|data: drained||'
check_end_of drain
for name in comment ping event openai anthropic event_source commit cut \
  late late_openai late_anthropic drain_openai; do
  check_end_of $name
done
