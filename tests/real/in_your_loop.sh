#!/bin/sh
# The two examples that are to be read, weir-minimal and weir-in-your-loop, do what they say.
. "$(dirname "$0")/lib.inc"

need curl curl
need "$python" python3
for program in weir-origin weir-minimal weir-in-your-loop; do need_binary $program; done

start_origin origin
origin=$url

# An exchange of bytes on one connection: sends all of it, prints all that comes until the end.
talk() { # bytes, as printf takes them
  printf "$1" >"$work/bytes"
  "$python" -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
s.sendall(open(sys.argv[2], "rb").read())
while data := s.recv(65536): sys.stdout.buffer.write(data)' "${url##*:}" "$work/bytes"
}

fetch() { # path, curl's arguments..
  path=$1
  shift
  curl -sS -m 20 "$@" "$url$path"
}

# Ctrl-C; leaves the exit status in $code.
interrupt() { # name
  kill -INT "$(pid_of "$1")"
  wait "$(pid_of "$1")"
  code=$?
}

start_stream() {
  rm -f "$work/stream"
  curl -sN -m 30 "$url$1" -o "$work/stream" &
  client=$!
  tries=0
  until [ -s "$work/stream" ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || die "no stream from $url$1"
    sleep 0.05
  done
}

wrong_start() { # program, arguments..
  timeout 10 "$bin/$1" "$2" "$3" >"$work/wrong.out" 2>"$work/wrong.err"
  is $? 1 && [ -s "$work/wrong.err" ] && [ ! -s "$work/wrong.out" ]
}

# ---- weir-minimal ----

start minimal "$bin/weir-minimal" "$origin" 127.0.0.1:0
check minimal_relays is "$(fetch /hello)" "Hello, world"
check minimal_streams is "$(fetch '/text?n=5&interval_ms=10' | wc -w)" 5
check minimal_says_that_its_port_is_taken wrong_start weir-minimal "$origin" "${url#http://}"
check minimal_says_that_its_origin_is_wrong wrong_start weir-minimal ftp://x 127.0.0.1:0
check minimal_fits_a_screen at_most "$(grep -c '' "$real/../../examples/minimal.c")" 50
interrupt minimal
check minimal_ends_on_interrupt is "$code" 0

# ---- weir-in-your-loop ----

start in_your_loop "$bin/weir-in-your-loop" "$origin" 127.0.0.1:0
check the_server_answers_itself is "$(fetch /own)" "The server's answer"
check an_accepted_connection_is_relayed is "$(fetch /hello)" "Hello, world"
check a_lent_request_is_relayed is "$(fetch /start/hello)" "Hello, world"
check a_lent_stream_is_relayed is "$(fetch '/start/text?n=5&interval_ms=10' | wc -w)" 5
head -c 300000 /dev/zero | tr '\0' x >"$work/upload"
fetch /start/echo --data-binary "@$work/upload" -o "$work/body"
check a_lent_upload_comes_back same_bytes "$work/upload" "$work/body"
fetch /start/echo --data-binary "@$work/upload" -H 'Transfer-Encoding: chunked' -o "$work/body"
check a_lent_chunked_upload_comes_back same_bytes "$work/upload" "$work/body"

fetch /own "$url/start/hello" "$url/start/text?n=2" "$url/start/hello" -w '\n%{num_connects}\n' >"$work/body"
check one_connection_serves_them_all is "$(grep -xc 0 "$work/body") $(grep -xc 1 "$work/body")" "3 1"
check and_its_own_answer_comes_after_weirs matches "^The server's answer" "$work/body"

next='GET /start/hello HTTP/1.1\r\nHost: x\r\n\r\n'
talk "POST /start/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody$next${next}GET /own HTTP/1.1\r\n\r\n" >"$work/body"
check pipelined_requests_come_back_to_the_server is "$(grep -o 'HTTP/1.1 200 OK' "$work/body" | grep -c '')" 4
check their_bodies_come_in_order is "$(grep -aE '^(body|Hello|The)' "$work/body" | cut -c 1-3 | tr -d '\n')" "bodHelHelThe"
talk 'GET /start/hello HTTP/1.0\r\n\r\n' >"$work/body"
check an_old_client_is_served matches '^Hello, world' "$work/body"
talk 'GET /start/hello HTTP/1.1\r\n\r\n' >"$work/body"
check weir_judges_what_the_server_parsed matches '^HTTP/1.1 400 ' "$work/body"
talk 'GET /start/hello HTTP/1.1\r\nHost: x\r\nA B: c\r\n\r\n' >"$work/body"
check what_is_no_field_ends_the_connection test ! -s "$work/body"
check a_wrong_origin_is_told wrong_start weir-in-your-loop ftp://x 127.0.0.1:0
check a_port_that_is_taken_is_told wrong_start weir-in-your-loop "$origin" "${url#http://}"

start_stream '/start/text?n=20&interval_ms=50'
lent=$client
start_stream '/text?n=20&interval_ms=50'
interrupt in_your_loop
wait "$client"
check an_accepted_stream_survives_the_interrupt is $? 0
wait "$lent"
check a_lent_stream_survives_the_interrupt is $? 0
check the_interrupt_ends_it_with_0 is "$code" 0
client=
