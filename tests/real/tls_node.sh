#!/bin/sh
# Node.js through weir-relay by https, trusting the tests' authority by NODE_EXTRA_CA_CERTS alone: its own fetch and https,
# the openai package, and the ws package, whose sockets are wss:// then.
. "$(dirname "$0")/lib.inc"
. "$real/tls.inc"

need node nodejs
need_npm_package openai
need_npm_package ws

# A program of checks, of the relay at $url; what it leaves open is seen in the relay's sockets.
checks_of() { # name of the relay, script, more of the environment..
  name=$1 script=$2
  shift 2
  idle_sockets=$(sockets_of "$name")
  run_checks env NODE_EXTRA_CA_CERTS="$ca/root.crt" RELAY="$url" "$@" node "$real/$script"
  check "afterwards $name holds no connection" soon holds_sockets "$name" "$idle_sockets"
  check_end_of "$name"
}

start_origin origin
origin=$url

start_relay fetched $good "$origin"
checks_of fetched tls_fetch.mjs

start witness node "$real/witness.mjs"
witness=$url
start_relay completions $good --route "/v1/=$origin" --route "/witness/=$witness" \
  --route "/down/=http://127.0.0.1:$(free_port)"
checks_of completions openai_sdk.mjs WITNESS="$witness"

start sockets node "$real/ws_origin.mjs"
sockets=$url
start_relay websockets $good "$sockets"
checks_of websockets websocket.mjs ORIGIN="$sockets"

# And with TLS on both sides of weir-relay, by way of a second one.
start_relay inner $good "$sockets"
start_relay outer $good --origin-ca "$ca/root.crt" "$url"
checks_of outer websocket.mjs ORIGIN="$sockets"
check_end_of inner
