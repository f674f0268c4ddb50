#!/bin/sh
# Makes the certificates of the tests: an authority, one below it, one that nobody trusts, and leaves good and bad in every
# way that a peer may meet. Usage: sh tests/support/ca.sh FOLDER
# Each leaf is NAME.pem (with its chain) and NAME.key; nothing is made again while this script has not changed.
set -eu

script=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
out=$1
stamp=$(cksum <"$script")
[ "$(cat "$out/.stamp" 2>/dev/null)" != "$stamp" ] || { touch "$out/.stamp"; exit 0; }
command -v openssl >/dev/null || { echo "openssl is missing: run \`sh tests/setup.sh test\`." >&2; exit 1; }

rm -rf "$out"
mkdir -p "$out/.issued"
cd "$out"
log=$PWD/.log
quietly() { "$@" >>"$log" 2>&1 || { tail -5 "$log" >&2; echo "ca.sh: failed: $*" >&2; exit 1; }; }

always=20200101000000Z
never=20991231235959Z

cat >conf <<END
[ca]
default_ca = here
[here]
dir = .
database = \$dir/\$ENV::AUTHORITY.index
new_certs_dir = \$dir/.issued
serial = \$dir/\$ENV::AUTHORITY.serial
crlnumber = \$dir/\$ENV::AUTHORITY.crlnumber
certificate = \$dir/\$ENV::AUTHORITY.crt
private_key = \$dir/\$ENV::AUTHORITY.key
default_md = sha256
default_crl_days = 10000
policy = any
unique_subject = no
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = \$ENV::NAMES
[client]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
[nameless]
basicConstraints = critical, CA:false
[req]
distinguished_name = nobody
[nobody]
END
export AUTHORITY=root NAMES=DNS:unused

key() { # name, ec|rsa:BITS
  case $2 in
    ec) quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" ;;
    rsa:*) quietly openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa:}" -out "$1.key" ;;
  esac
}

request() { # name
  quietly openssl req -new -config conf -key "$1.key" -subj "/CN=$1" -out "$1.csr"
}

sign() { # name, authority, extensions, names, first day, last day, digest
  AUTHORITY=$2 NAMES=$4 quietly openssl ca -batch -notext -config conf -in "$1.csr" -out "$1.crt" -extensions "$3" \
    -startdate "$5" -enddate "$6" -md "$7"
}

authority() { # name, signed by
  key "$1" ec
  request "$1"
  : >"$1.index"
  echo 1000 >"$1.serial"
  echo 01 >"$1.crlnumber"
  if [ "$1" = "$2" ]; then
    AUTHORITY=$1 quietly openssl ca -selfsign -batch -notext -config conf -in "$1.csr" -out "$1.crt" \
      -extensions authority -startdate $always -enddate $never
  else
    sign "$1" "$2" authority DNS:unused $always $never sha256
  fi
}

# A leaf of the root, good unless the last ones say otherwise.
leaf() { # name, extensions, names, [key], [authority], [first day], [last day], [digest]
  key "$1" "${4:-ec}"
  request "$1"
  sign "$1" "${5:-root}" "$2" "$3" "${6:-$always}" "${7:-$never}" "${8:-sha256}"
  cp "$1.crt" "$1.pem"
}

site="DNS:good.test,DNS:localhost,IP:127.0.0.1,IP:::1"

authority root root
authority lower root
authority stranger stranger

leaf good server "$site"
leaf rsa server "$site" rsa:2048
leaf a server DNS:a.test
leaf b server DNS:b.test,DNS:both.test
leaf wild server DNS:*.wild.test
leaf exact server DNS:exact.wild.test
leaf chain server "$site" ec lower
cat lower.crt >>chain.pem
leaf incomplete server "$site" ec lower
leaf expired server "$site" ec root $always 20210101000000Z
leaf future server "$site" ec root 20900101000000Z $never
leaf elsewhere server DNS:elsewhere.test
leaf weak server "$site" rsa:1024
leaf sha1 server "$site" ec root $always $never sha1
leaf unknown server "$site" ec stranger
leaf revoked server "$site"
leaf common nameless DNS:unused
leaf client client DNS:unused
leaf client-expired client DNS:unused ec root $always 20210101000000Z
leaf client-unknown client DNS:unused ec stranger
leaf client-rsa client DNS:unused rsa:2048
leaf client-revoked client DNS:unused

# Signed by itself.
key alone ec
AUTHORITY=root NAMES=$site quietly openssl req -x509 -new -config conf -extensions server -key alone.key -days 3650 \
  -subj /CN=alone -out alone.pem

# Signed by a leaf, which may not.
cp good.crt leaf.crt
cp good.key leaf.key
: >leaf.index
echo 1000 >leaf.serial
leaf beneath server "$site" ec leaf
cat good.crt >>beneath.pem

# Lists of revoked certificates.
quietly openssl ca -config conf -revoke revoked.crt
quietly openssl ca -config conf -revoke client-revoked.crt
quietly openssl ca -config conf -gencrl -out crl.pem
quietly openssl ca -config conf -gencrl -crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z -out crl-old.pem

# Files that are of no use.
cat lower.crt chain.crt >reversed.pem
quietly openssl pkey -in good.key -aes128 -passout pass:secret -out locked.key
sed 's/^[A-Za-z0-9+/]\{64\}$/!&/' good.pem >garbled.pem
sed '2s/^..../AAAA/' good.key >garbled.key
echo "no PEM at all" >words.pem
: >empty.pem
cat good.crt good.key >both.pem
cat good.crt >>both.pem
cat rsa.crt rsa.key >both-rsa.pem

rm -rf .issued ./*.csr ./*.old ./*.attr ./*.serial ./*.index ./*.crlnumber
echo "$stamp" >.stamp
