#!/bin/sh
# WebSocket, by the npm package ws on both sides, through weir-relay with no flag at all.
. "$(dirname "$0")/lib.inc"

need node nodejs
need_npm_package ws
need_binary weir-relay

start origin node "$real/ws_origin.mjs"
origin=$url
start_relay relay "$origin"

idle_sockets=$(sockets_of relay)

run_checks env RELAY="$url" ORIGIN="$origin" node "$real/websocket.mjs"
check "afterwards weir-relay holds no connection" soon holds_sockets relay "$idle_sockets"
check_end_of relay
