#!/bin/sh
# weir-guard, the example of a filter in README.md, does what it says.
. "$(dirname "$0")/lib.inc"

need curl curl
for program in weir-origin weir-guard; do need_binary $program; done

start_origin origin
origin=$url
start guard "$bin/weir-guard" "$origin" '"n":1,' '"n":4,' 127.0.0.1:0

curl -sS -m 20 "$url/sse?n=3&interval_ms=10" -o "$work/stream"
check an_event_to_hide_does_not_leave is "$(sed -n 's/^id: //p' "$work/stream" | tr '\n' ' ')" "0 2 "
check a_stream_without_the_other_word_ends_by_itself is "$(grep -c guard "$work/stream")" 0

curl -sS -m 20 "$url/sse?n=0&interval_ms=10" -o "$work/stream"
check a_stream_that_is_stopped_ends_well is $? 0
check it_ends_in_place_of_that_event is "$(sed -n 's/^id: //p' "$work/stream" | tr '\n' ' ')" "0 2 3 "
check the_last_event_says_why is "$(tail -3 "$work/stream" | tr '\n' '|')" 'event: guard|data: {"reason":"cut"}||'
check other_responses_pass is "$(curl -sS -m 20 "$url/hello")" "Hello, world"

# README.md shows it.
readme_shows_it() {
  sed -n '/^static int on_event/,/^}/p' "$real/../../examples/guard.c" >"$work/function"
  sed -n '/^static int make_relay/,/^}/p' "$real/../../examples/guard.c" >>"$work/function"
  while IFS= read -r line; do
    grep -qF -- "$line" "$real/../../README.md" || { echo "README.md lacks: $line"; return 1; }
  done <"$work/function"
}

check readme_shows_what_is_built readme_shows_it
check_end_of guard
check_end_of origin
