#!/bin/sh
# testssl.sh looks at weir-relay and, at the same time, at nginx as Mozilla's generator sets it up ("intermediate"): both
# show the same two certificates, EC P-256 and RSA, and ask the same origin. Whatever testssl.sh calls medium or worse,
# or could not find out, is no finding of weir-relay's alone. Both lists are printed. It takes a minute or two.
. "$(dirname "$0")/lib.inc"
. "$real/tls.inc"

need testssl testssl.sh
need nginx nginx

start_origin origin
origin=$url
start_relay relay $good --cert "$ca/rsa.pem" --key "$ca/rsa.key" "$origin"
relay=$url

ecdhe() { # what follows
  echo "ECDHE-ECDSA-$1:ECDHE-RSA-$1"
}

# The order of the ciphers is the server's here, which testssl.sh likes better than what Mozilla has.
start_secure_nginx nginx "
    ssl_certificate $ca/good.pem;
    ssl_certificate_key $ca/good.key;
    ssl_certificate $ca/rsa.pem;
    ssl_certificate_key $ca/rsa.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers $(ecdhe AES128-GCM-SHA256):$(ecdhe AES256-GCM-SHA384):$(ecdhe CHACHA20-POLY1305);
    ssl_prefer_server_ciphers on;
    ssl_session_timeout 1d;
    ssl_session_cache shared:sessions:10m;
    ssl_session_tickets off;
    location / { proxy_pass $origin; }"
nginx=$url

# Everything but the list of each cipher and the simulated clients, which judge nothing.
testssl_at() { # name, url
  launch "$1" testssl --protocols --standard --fs --server-preference --server-defaults --header --vulnerable \
    --grease --warnings off --color 0 --quiet --nodns none --ip 127.0.0.1 --add-ca "$ca/root.crt" \
    --jsonfile "$work/$1.json" "https://localhost:${2##*:}/hello"
}

testssl_at of_relay "$relay"
testssl_at of_nginx "$nginx"
wait "$(pid_of of_relay)"
wait "$(pid_of of_nginx)"

# ---- what it found ----

# testssl.sh leaves as soon as hands are shaken, and with TLS 1.3 tickets come behind that: whether it gets one is luck.
# That clients resume is real_tls_openssl's to show.
findings() { # name
  "$python" - "$work/$1.json" <<'END'
import json, sys
for entry in json.load(open(sys.argv[1])):
    luck = entry["id"] == "sessionresumption_ticket" and entry["severity"] == "WARN"
    if entry["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "WARN", "FATAL") and not luck:
        print(f"{entry['id']}: {entry['severity']}: {entry['finding']}")
END
}

finding_of() { # name, id
  "$python" -c 'import json, sys
print(*(entry["finding"] for entry in json.load(open(sys.argv[1])) if entry["id"] == sys.argv[2]))' "$work/$1.json" "$2"
}

names_in() { # file
  sed 's/:.*//' "$1" | sort -u
}

alone_in() { # file, other file: what only the first one names
  names_in "$1" >"$work/these"
  names_in "$2" | comm -23 "$work/these" -
}

for peer in relay nginx; do
  findings "of_$peer" >"$work/$peer.found"
  echo "     $peer:"
  sed 's/^/       /' "$work/$peer.found"
done

# A look that saw nothing finds nothing: these are what it must have seen.
for peer in relay nginx; do
  check "${peer}_was_looked_at_to_the_end" test -n "$(finding_of of_$peer scanTime)"
  check "${peer}_speaks_tls_1_2" is "$(finding_of of_$peer TLS1_2)" offered
  check "${peer}_speaks_tls_1_3" is "$(finding_of of_$peer TLS1_3)" "offered with final"
  check "${peer}_speaks_nothing_older" is "$(finding_of of_$peer TLS1) $(finding_of of_$peer TLS1_1)" "not offered not offered"
  check "${peer}_shows_both_certificates" is "$(finding_of of_$peer cert_numbers)" 2
  check "${peer}_was_asked_for_a_page" is "$(finding_of of_$peer HTTP_status_code)" "200 OK ('/hello')"
done
check nothing_of_medium_severity_that_nginx_does_not_have is "$(alone_in "$work/relay.found" "$work/nginx.found")" ""
check_end_of relay
