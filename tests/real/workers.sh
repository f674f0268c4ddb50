#!/bin/sh
# Four workers of one weir-relay under load of every kind at once: streams, bulk, uploads, small requests, clients that
# leave, a log that is reopened, a drain. Under a sanitizer for threads, or memcheck, this is what they look at; without
# one, that nothing gets lost or mixed up.
. "$(dirname "$0")/lib.inc"

need curl curl
need_binary weir-relay
need_binary weir-origin

rounds=8
clients=12
bytes=3000000

start_origin origin
origin=$url
start_relay relay --workers 4 --access-log "$work/access.log" --log-level info --clients-per-address 500 \
  --request-header 'X-Id: {request_id}' --outbox-high 64k --total-timeout 60s "$origin"
relay=$(pid_of relay)

# ---- the load ----

head -c $bytes /dev/urandom >"$work/upload"
curl -s -m 30 "$origin/bulk?bytes=$bytes" -o "$work/bulk"

# What a client of each kind got is in a file of its own.
client() { # kind, file
  case $1 in
    0) curl -sS -m 60 "$url/text?n=40&interval_ms=5" -o "$2.words" ;;
    1) curl -sS -m 60 "$url/bulk?bytes=$bytes&chunked=1" -o "$2.bulk" ;;
    2) curl -sS -m 60 -T "$work/upload" "$url/echo" -o "$2.upload" ;;
    3) curl -sS -m 60 "$url/hello?[1-20]" -o "$2.hello-#1" ;;
    4) curl -s -m 60 -N "$url/sse?n=0&interval_ms=5" | head -c 100 >"$2.left" ;;
    5) if curl -s -m 60 "$url/cut?n=3&interval_ms=5" -o "$2.cut"; then return 1; fi ;;
  esac
}

wait_for() { # pids..
  bad=0
  for pid in "$@"; do wait "$pid" || bad=$((bad + 1)); done
  is "$bad" 0
}

loads() {
  pids=''
  round=0
  while [ $round -lt $rounds ]; do
    round=$((round + 1))
    for n in $(seq $clients); do
      client $((n % 6)) "$work/$round-$n" &
      pids="$pids $!"
    done
    [ $((round % 3)) -ne 0 ] || { mv "$work/access.log" "$work/access.log.$round" && kill -HUP "$relay"; }
    [ $((round % 2)) -ne 0 ] || { wait_for $pids || return 1; pids=''; }
  done
}

# ---- what came of it ----

each_is() { # suffix, file
  count=0
  for got in "$work"/*-*."$1"; do
    cmp "$got" "$2" || return 1
    count=$((count + 1))
  done
  is $count $((rounds * clients / 6))
}

all_words_came() {
  for got in "$work"/*-*.words; do is "$(wc -w <"$got")" 40 || return 1; done
}

all_hellos_came() {
  find "$work" -name '*.hello-*' -size +0c | wc -l | {
    read -r count
    is "$count" $((rounds * clients / 6 * 20))
  }
}

workers_in_the_log() {
  cat "$work"/access.log* | sed -n 's/.*"id":"[0-9a-f]*-\([0-9]*\)-[0-9]*".*/\1/p' | sort -u | wc -l
}

check every_client_ends_as_it_should loads
check no_byte_of_bulk_is_lost each_is bulk "$work/bulk"
check no_byte_of_an_upload_is_lost each_is upload "$work/upload"
check every_word_came all_words_came
check every_small_answer_came all_hellos_came
check every_worker_served is "$(workers_in_the_log)" 4

# ---- a drain while streams run ----

pids=''
for n in 1 2 3 4 5 6 7 8; do
  curl -sS -m 60 -N "$url/text?n=60&interval_ms=20" -o "$work/last-$n" &
  pids="$pids $!"
done
all_began() {
  for n in 1 2 3 4 5 6 7 8; do test -s "$work/last-$n" || return 1; done
}
soon all_began
kill -TERM "$relay"
wait_for $pids >/dev/null
check streams_end_well_while_it_drains is $bad 0
check every_word_of_them_came is "$(cat "$work"/last-* | wc -w)" 480
wait "$relay"
check the_relay_ends_with_0 is $? 0
check every_exchange_has_its_line is "$(cat "$work"/access.log* | wc -l)" $((rounds * clients / 6 * 25 + 8))
check_end_of origin
