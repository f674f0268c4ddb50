#!/bin/sh
# The openai npm package, as an application uses it, talks to weir-relay in front of weir-origin.
. "$(dirname "$0")/lib.inc"

need node nodejs
need_npm_package openai
need_binary weir-relay
need_binary weir-origin

start_origin origin
origin=$url
start witness node "$real/witness.mjs"
witness=$url
start_relay relay --route "/v1/=$origin" --route "/witness/=$witness" --route "/down/=http://127.0.0.1:$(free_port)"

idle_sockets=$(sockets_of relay)

run_checks env RELAY="$url" WITNESS="$witness" node "$real/openai_sdk.mjs"
check "afterwards weir-relay holds no connection" soon holds_sockets relay "$idle_sockets"
check_end_of relay
