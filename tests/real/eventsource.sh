#!/bin/sh
# Chromium's EventSource reads half a hundred odd event streams from their origin, through weir-relay, and through one that
# looks at events and puts heartbeats between them: it must see the same each time, and so must weir's own parser. Then it
# comes back to a stream that has ended, with the id that it had seen last.
. "$(dirname "$0")/lib.inc"

need chromium chromium
need node nodejs
need_npm_package playwright-core
need_binary weir-relay
need_binary weir-sse-dump

heartbeats="--heartbeat 20ms"

start origin node "$real/eventsource_origin.mjs"
origin=$url
start_relay plain "$origin"
plain=$url
start_relay tap $heartbeats "$origin"

run_checks env ORIGIN="$origin" PLAIN="$plain" TAP="$url" DUMP="$bin/weir-sse-dump" node "$real/eventsource.mjs"
check_end_of plain
check_end_of tap
