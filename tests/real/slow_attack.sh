#!/bin/sh
# A thousand slow clients: heads, bodies and reads at one byte a second. Each is cut at its own timer, ten healthy event streams go
# on as before, and the caps on connections hold. SLOW_SECONDS (5) is how long each attack is watched; the figures are printed.
. "$(dirname "$0")/lib.inc"

need_binary weir-relay
need_binary weir-origin
need_binary weir-slow

count=1000
streams=10
seconds=${SLOW_SECONDS:-5}
timer=3000 # milliseconds, of each timer ..
slack=1500 # .. and how late a cut may be: whether a client takes what waits is looked at four times in its time
# By how much the p99 of healthy streams may grow: 5 ms on a machine of its own (SLOW_HARM_MS=5), where the figures mean
# something; in the suite, where other tests run beside, enough to see that nobody is starved.
harm=$((${SLOW_HARM_MS:-150} * 1000))

value_of() { # key, file
  sed -n "s/.*\<$1=\([0-9-]*\).*/\1/p" "$work/$2"
}

at_least() { # got, least
  [ "$1" -ge "$2" ] || { echo "got '$1', wanted at least $2"; return 1; }
}

show() { # what, file
  echo "     $1: $(cat "$work/$2")"
}

start_guarded_relay() { # flags..
  start_relay relay "$@" "$origin"
  port=${url##*:}
}

# ---- healthy streams ----

watch() { # file
  run "$bin/weir-slow" watch "$port" $streams "$seconds" >"$work/$1" || die "the healthy streams could not be watched."
  show "healthy streams, $1" "$1"
}

every_event_came() { # file
  is "$(value_of lost "$1")" 0 && is "$(value_of broken "$1")" 0 && at_least "$(value_of events "$1")" $((streams * seconds * 25))
}

# ---- attacks ----

# It begins before the watch and outlives it; who is cut comes again.
attack() { # kind
  "$bin/weir-slow" "$1" "$port" $count $((seconds + 4)) >"$work/$1" &
  attacker=$!
  sleep 1.5 # until all are there
  watch "beside-$1"
  wait $attacker || die "the attack could not be made."
  show "slow clients" "$1"
}

growth() { # kind
  echo $(($(value_of p99_us "beside-$1") - $(value_of p99_us before)))
}

# What else the machine does only ever adds, so the best of five tells what the attack does.
attack_and_compare() { # kind
  for _ in 1 2 3 4 5; do
    watch before
    attack "$1"
    [ "$(growth "$1")" -gt $harm ] || break
  done
}

each_was_cut_in_time() { # kind
  at_least "$(value_of cut "$1")" $count && at_least "$(value_of shortest_ms "$1")" $((timer - 100)) &&
    at_most "$(value_of longest_ms "$1")" $((timer + slack)) && at_most "$(value_of oldest_ms "$1")" $((timer + slack))
}

# ---- a thousand at a byte a second ----

start_origin origin
origin=$url
start_guarded_relay --request-head-timeout ${timer}ms --request-body-timeout ${timer}ms --stall-timeout ${timer}ms --outbox-high 32k --outbox-low 8k --notsent-lowat 16k

for kind in head body read; do
  attack_and_compare $kind
  check "a_thousand_slow_${kind}s_are_cut_at_their_timer" each_was_cut_in_time $kind
  check "healthy_streams_lose_no_event_beside_slow_${kind}s" every_event_came beside-$kind
  check "healthy_streams_are_no_later_beside_slow_${kind}s" at_most "$(growth $kind)" $harm
done
check a_slow_head_is_answered_408 is "$(value_of status_408 head)" "$(value_of cut head)"
check a_slow_body_is_answered_408 is "$(value_of status_408 body)" "$(value_of cut body)"
check nobody_was_sent_away is "$(value_of refused head) $(value_of refused body) $(value_of refused read)" "0 0 0"
check_end_of relay

# ---- caps: the healthy ones come from 127.0.0.2, the others from 127.0.0.1 ----

# Each opens once; those over the cap are answered at once, the others run into their timer.
attack_once() { # file, seconds
  "$bin/weir-slow" head "$port" $count "$2" once >"$work/$1" || die "the attack could not be made."
  show "slow clients, $1" "$1"
}

start_guarded_relay --request-head-timeout ${timer}ms --clients-max 300
attack_once capped $((timer / 1000 + 3))
check clients_over_the_cap_get_a_503 is "$(value_of refused capped) $(value_of status_503 capped)" "700 700"
check clients_under_the_cap_have_their_time is "$(value_of cut capped) $(value_of status_408 capped)" "300 300"
check the_cap_is_free_again is "$(curl -s -o /dev/null -w '%{http_code}' "$url/hello")" 200
check_end_of relay

start_guarded_relay --request-head-timeout ${timer}ms --clients-per-address 200
"$bin/weir-slow" head "$port" $count $((seconds + 3)) >"$work/crowd" &
attacker=$!
sleep 1
watch beside-crowd
check one_address_cannot_take_the_places_of_others every_event_came beside-crowd
wait $attacker || die "the attack could not be made."
show "slow clients of one address" crowd
check clients_of_one_address_over_its_cap_get_a_503 at_least "$(value_of status_503 crowd)" $((count - 200))
check the_others_of_that_address_have_their_time at_least "$(value_of status_408 crowd)" 200
check_end_of relay
check_end_of origin
