#!/bin/sh
# weir-relay in front of nginx as an origin of files, and of uvicorn as one that takes uploads; the clients are curl and
# Node.js' fetch.
. "$(dirname "$0")/lib.inc"

need nginx nginx
need curl curl
need node nodejs
need_python_module fastapi python3-fastapi
need_python_module uvicorn python3-uvicorn
need_binary weir-relay
need_binary weir-origin

# ---- files and servers ----

files=$work/files
mkdir "$files"
chmod 755 "$files"
seq 1 2000 >"$files/lines.txt"
seq -f '<p>line %g</p>' 1 2000 >"$files/page.html"
head -c 104857600 /dev/urandom >"$files/big"
head -c 20971520 /dev/urandom >"$work/upload"

# weir tells of itself in Via, and nginx compresses for no proxy unless told to.
start_nginx origin "root $files; gzip_proxied any; client_max_body_size 1m;"
origin=$url
connections=$work/origin.d/access.log
start app "$python" "$real/upload_app.py"
app=$url
start_origin echo
echo_origin=$url
start_relay relay --route "/=$origin" --route "/upload=$app" --route "/echo=$echo_origin"
relay=$url

# ---- asking ----

# Leaves $work/<name>.head and .body.
get() { # name, url, arguments of curl..
  name=$1 target=$2
  shift 2
  run curl -sS -D "$work/$name.head" -o "$work/$name.body" "$@" "$target"
}

# Asks nginx directly and through weir-relay.
get_both() { # path, arguments of curl..
  path=$1
  shift
  get direct "$origin$path" "$@"
  get relayed "$relay$path" "$@"
}

status_of() { # name
  sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$work/$1.head"
}

field_of() { # name, field
  sed -n "s/^$2: *//Ip" "$work/$1.head" | tr -d '\r'
}

# What the origin said, the relay says; of Date, the second may have passed.
same_answer() { # status, field..
  is "$(status_of relayed)" "$1" || return 1
  shift
  for field in Server "$@"; do
    [ -n "$(field_of direct "$field")" ] || { echo "nginx sends no $field"; return 1; }
    is "$(field_of relayed "$field")" "$(field_of direct "$field")" || return 1
  done
  cmp "$work/direct.body" "$work/relayed.body"
}

# ---- what a file server says ----

get_both /lines.txt
etag=$(field_of direct ETag)
check "a file passes unchanged" same_answer 200 Content-Type Content-Length ETag Last-Modified Accept-Ranges
get_both /lines.txt -H "If-None-Match: $etag"
check "304 to If-None-Match" same_answer 304 ETag Last-Modified
get_both /lines.txt -r 100-199
check "206 to Range" same_answer 206 Content-Range Content-Length
get_both /lines.txt -r 0-9,20-29
check "several ranges" is "$(status_of relayed) $(wc -c <"$work/relayed.body")" \
  "206 $(wc -c <"$work/direct.body")"
get_both /lines.txt -r 999999-
check "416 to a range behind the end" same_answer 416 Content-Range
get_both /lines.txt --head
for name in direct relayed; do : >"$work/$name.body"; done # with --head, curl puts the fields there
check "HEAD gives the length of what it does not send" same_answer 200 Content-Length ETag
get_both /absent
check "404 with nginx's own page" same_answer 404 Content-Type

# ---- compression ----

get_both /page.html -H 'Accept-Encoding: gzip'
check "a compressed answer passes unchanged" same_answer 200 Content-Encoding Content-Type ETag
get old "$relay/page.html" -H 'Accept-Encoding: gzip' --http1.0
check "a compressed answer of unknown length to HTTP/1.0" same_bytes "$work/direct.body" "$work/old.body"
check "HTTP/1.0 gets no chunks" is "$(field_of old Transfer-Encoding)" ''
get old "$relay/lines.txt" --http1.0
check "a file to HTTP/1.0" same_bytes "$files/lines.txt" "$work/old.body"
check "a file to HTTP/1.0 keeps its length" is "$(field_of old Content-Length)" "$(wc -c <"$files/lines.txt")"

# ---- connections to the origin ----

has_lines() { # file, count
  is "$(wc -l <"$1")" "$2"
}

# nginx logs the number of the connection of each request. curl has one for the first twenty, then one for each.
: >"$connections"
get many "$relay/lines.txt?[1-20]"
for i in 1 2 3 4 5; do get many "$relay/lines.txt?$i"; done
check "25 requests reach the origin" soon has_lines "$connections" 25
check "they share one connection to the origin" is "$(sort -u "$connections" | wc -l)" 1

# ---- much, and slowly ----

memory_kb() { # name, key in /proc
  sed -n "s/^$2:[^0-9]*\([0-9]*\).*/\1/p" "/proc/$(pid_of "$1")/status"
}

get big "$relay/big"
check "100 MB arrive whole" is "$(sha256 "$work/big.body")" "$(sha256 "$files/big")"
check "100 MB arrive with their length" is "$(field_of big Content-Length)" 104857600
get slow "$relay/big" -r 0-5999999 --limit-rate 3M
head -c 6000000 "$files/big" >"$work/part"
check "a slow client gets everything" same_bytes "$work/part" "$work/slow.body"
before=$(memory_kb relay VmRSS)
get slower "$relay/big" --limit-rate 500k --max-time 2 2>"$work/slower.err"
check "a slow client does not make 100 MB wait in memory" at_most $(($(memory_kb relay VmHWM) - before)) 16384

# ---- uploads ----

upload_sum=$(sha256 "$work/upload")

told() { # name, key
  sed -n "s/.*\"$2\":\"\{0,1\}\([0-9a-f]*\).*/\1/p" "$work/$1.body"
}

statuses_of() { # name
  sed -n 's/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$work/$1.head" | tr '\n' ' '
}

get upload "$relay/upload" -X POST -T "$work/upload" -H 'Expect: 100-continue' --expect100-timeout 30
check "the origin's 100 Continue precedes its answer" is "$(statuses_of upload)" "100 200 "
check "20 MB uploaded after 100 Continue arrive whole" is "$(told upload sha256)" "$upload_sum"
get chunked "$relay/upload" -X POST -T "$work/upload" -H 'Transfer-Encoding: chunked' -H 'Expect:'
check "20 MB uploaded in chunks arrive whole" is "$(told chunked sha256)" "$upload_sum"
get plain "$relay/upload" --data-binary "@$work/upload" -H 'Expect:' --http1.0
check "20 MB uploaded by HTTP/1.0 arrive whole" is "$(told plain sha256)" "$upload_sum"
get refused "$relay/lines.txt" -X POST -T "$work/upload" -H 'Expect: 100-continue' --expect100-timeout 30 \
  -w '%{size_upload}' >"$work/refused.size"
check "a refusal instead of 100 Continue reaches the client" is "$(statuses_of refused)" "413 "
check "after a refusal nothing is uploaded" is "$(cat "$work/refused.size")" 0

run_checks env UPLOAD="$relay/upload" ECHO="$relay/echo" node "$real/upload.mjs"
check_end_of relay
