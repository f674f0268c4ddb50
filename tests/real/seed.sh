#!/bin/sh
# The first case: a FastAPI answer that streams when asked directly, and comes in one burst behind nginx as shipped.
# Behind weir-relay it streams, and nginx in front of weir-relay lets it stream too.
. "$(dirname "$0")/lib.inc"

need nginx nginx
need curl curl
need_python_module fastapi python3-fastapi
need_python_module uvicorn python3-uvicorn
need_binary weir-relay

tokens=24
interval_ms=100 # a busy machine stalls a process for about as long
duration_ms=$((tokens * interval_ms))

# ---- asking, and what came of it ----

ask() { # name, base url, arguments..
  name=$1 base=$2
  shift 2
  run "$python" "$real/arrivals.py" "$base/ask-stream-chat" "session-$name" $duration_ms $tokens "$@" \
    >"$work/$name.json"
}

told() { # name, key
  "$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/$1.json" "$2"
}

# All values of a field, joined as RFC 9110 section 5.3 has it.
field() { # json file, name
  "$python" -c '
import json, sys
fields = json.load(open(sys.argv[1]))
fields = fields["fields"] if isinstance(fields, dict) else fields
print(", ".join(value for name, value in fields if name.lower() == sys.argv[2].lower()))' "$work/$1.json" "$2"
}

arrives() { # name, verdict
  got=$(told "$1" verdict)
  [ "$got" = "$2" ] || { echo "$got, at these ms: $(told "$1" arrivals_ms)"; return 1; }
}

# curl decodes, and writes what it has at once.
curl_ask() { # name, base url
  run sh -c '"$1" -sSN -X POST -H "Content-Type: application/json" \
    -d "{\"question\": \"why\", \"session_id\": \"session-curl\"}" "$2/ask-stream-chat" |
    "$3" "$4/stamps.py" "$5" "$6"' sh curl "$2" "$python" "$real" $duration_ms $tokens >"$work/$1.curl"
}

curl_told() { # name, line
  sed -n "$2p" "$work/$1.curl"
}

# ---- the four steps ----

proxy_pass() { # origin
  echo "location / { proxy_pass $1; }"
}

start app env TOKENS=$tokens INTERVAL_MS=$interval_ms "$python" "$real/seed_app.py"
app=$url
start_relay relay "$app"
relay=$url
start_nginx nginx "$(proxy_pass "$app")"
nginx=$url
start_nginx front "$(proxy_pass "$relay")"
front=$url

ask direct "$app"
body=$(told direct sha256)
check "direct: tokens arrive one by one" arrives direct "one by one"

ask nginx "$nginx"
check "nginx as shipped: tokens arrive in one burst at the end" arrives nginx "burst at the end"

ask relay "$relay"
check "weir-relay: tokens arrive one by one" arrives relay "one by one"
check "weir-relay: X-Session-ID is intact" is "$(field relay X-Session-ID)" session-relay
check "weir-relay: the type is intact" is "$(field relay Content-Type)" "$(field direct Content-Type)"
check "weir-relay: the body is equal byte for byte" is "$(told relay sha256)" "$body"
check "weir-relay: an nginx on the way is told not to buffer" is "$(field relay X-Accel-Buffering)" no

ask front "$front"
check "nginx as shipped in front of weir-relay: tokens arrive one by one" arrives front "one by one"
check "nginx as shipped in front of weir-relay: X-Session-ID is intact" is "$(field front X-Session-ID)" session-front
check "nginx as shipped in front of weir-relay: the body is equal byte for byte" is "$(told front sha256)" "$body"

ask old "$relay" --http1.0
check "weir-relay, HTTP/1.0 client: tokens arrive one by one" arrives old "one by one"
check "weir-relay, HTTP/1.0 client: the body is equal byte for byte" is "$(told old sha256)" "$body"

for way in app relay front; do
  eval "curl_ask $way \$$way"
  check "curl -N, $way: tokens arrive one by one" is "$(curl_told $way 1)" "one by one"
  check "curl -N, $way: the body is equal byte for byte" is "$(curl_told $way 2)" "$body"
done

# ---- the whole configuration of that site ----

start_relay site \
  --request-header 'REMOTE-HOST: {client_addr}' \
  --response-header 'X-Cache: MISS' \
  --response-header 'Alt-Svc: h3=":443"; ma=2592000' \
  --response-header 'Cache-Control: no-cache' \
  --response-header 'Strict-Transport-Security: max-age=31536000' \
  --gap-timeout 300s \
  "$app"
site=$url
start_relay behind --trusted-proxy 127.0.0.1 "$app"
behind=$url

# What FastAPI saw of the request of a session.
seen() { # name
  run curl -sS "$app/seen/session-$1" >"$work/$1.seen.json"
}

origin_sees() { # name, field, value
  check "$1: the origin sees $2: $3" is "$(field "$1.seen" "$2")" "$3"
}

client_sees() { # name, field, value
  check "$1: the client sees $2: $3" is "$(field "$1" "$2")" "$3"
}

ask site "$site" --field 'Host: chat.example' --field 'X-Forwarded-For: 203.0.113.9' --field 'X-Real-IP: 203.0.113.9'
seen site
check "the site's configuration: tokens arrive one by one" arrives site "one by one"
check "the site's configuration: the body is equal byte for byte" is "$(told site sha256)" "$body"
origin_sees site Host chat.example
origin_sees site X-Real-IP 127.0.0.1
origin_sees site X-Forwarded-For 127.0.0.1 # a client of the open net could claim anything
origin_sees site X-Forwarded-Proto http
origin_sees site X-Forwarded-Host chat.example
origin_sees site X-Forwarded-Port "${site##*:}"
origin_sees site REMOTE-HOST 127.0.0.1
client_sees site X-Session-ID session-site
client_sees site X-Cache MISS
client_sees site Alt-Svc 'h3=":443"; ma=2592000'
client_sees site Cache-Control no-cache
client_sees site Strict-Transport-Security max-age=31536000

ask behind "$behind" --field 'X-Forwarded-For: 203.0.113.9' --field 'X-Real-IP: 203.0.113.9' \
  --field 'X-Forwarded-Proto: https'
seen behind
origin_sees behind X-Forwarded-For '203.0.113.9, 127.0.0.1' # behind a trusted proxy it is appended to
origin_sees behind X-Real-IP 203.0.113.9
origin_sees behind X-Forwarded-Proto https

for relay in relay site behind; do check_end_of $relay; done
