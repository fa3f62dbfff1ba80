#!/bin/bash
# Promise: `keystore verify` answers with the exit codes and the JSON that it documents, finds paths
# among certificates of one name, and a batch answers every line, in order, before it reads on.
set -u
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
keystore=$KEYSTORE_BUILD/bin/keystore
status=0
fail() { printf 'FAIL %s\n' "$*"; status=1; }

. "$KEYSTORE_SOURCE/tests/verify/certificates.sh"
make root /CN=Root '' "${ca[@]}"
make other /CN=Root '' "${ca[@]}"      # the same name, another key
make issuing /CN=Issuing root "${ca[@]}"
make web /CN=www.example.org issuing "${leaf[@]}"

# expect CODE TEXT ARGUMENTS…: exit code and a part of the output.
expect() {
  local code=$1 text=$2 output got
  shift 2
  output=$("$keystore" verify "$@" 2>&1)
  got=$?
  [ "$got" = "$code" ] || fail "verify $*: exit $got, not $code: $output"
  grep -qF -- "$text" <<< "$output" || fail "verify $*: no '$text' in: $output"
}
expect 0 trusted web.pem --chain issuing.pem --trust root.pem
expect 0 trusted web.pem --chain issuing.pem --trust other.pem --trust root.pem --host WWW.example.org
expect 0 trusted web.pem --chain issuing.pem --trust root.pem --host a.api.example.org --profile webpki
expect 0 trusted web.pem --chain issuing.pem --trust root.pem --ip 192.0.2.1
expect 0 trusted web.pem --trust issuing.pem --partial-chain
idn=("${leaf[@]/DNS:www.example.org/DNS:xn--bcher-kva.example,DNS:xn--fa-hia.example}")
make books /CN=books issuing "${idn[@]}"
for host in bücher.example BÜCHER.example xn--bcher-kva.example 'faß.example'; do
  expect 0 trusted books.pem --chain issuing.pem --trust root.pem --host "$host"
  expect 0 '"trusted":true' --batch <(printf '{"cert":"books.pem","chain":["issuing.pem"],"trust":["root.pem"],"host":"%s"}' "$host")
done
expect 1 'hostname mismatch' books.pem --chain issuing.pem --trust root.pem --host büche.example
expect 2 "'-ü.example' is no internationalised name" books.pem --chain issuing.pem --trust root.pem --host '-ü.example'
expect 0 "'-ü.example' is no internationalised name" --batch <(echo '{"cert":"books.pem","trust":[],"host":"-ü.example"}')
expect 1 'hostname mismatch' web.pem --chain issuing.pem --trust root.pem --host example.org
expect 1 "there is no trusted certificate of the issuer 'CN=Issuing'" web.pem --trust root.pem
expect 1 'not trusted' web.pem --chain issuing.pem
expect 1 'not trusted' web.pem --chain issuing.pem --trust other.pem
expect 1 'not trusted' web.pem --chain issuing.pem --trust root.pem --distrust issuing.pem

# The system's trust, which is taken where none is named: its purposes and its distrust count.
mkdir distrust
export SSL_CERT_FILE=$work/system.pem SSL_CERT_DIR=$work/distrust
cp root.pem system.pem
expect 0 trusted web.pem --chain issuing.pem --host www.example.org
openssl x509 -in root.pem -addtrust emailProtection -trustout -out system.pem
expect 1 'not trusted' web.pem --chain issuing.pem --host www.example.org
openssl x509 -in root.pem -addtrust serverAuth -trustout -out system.pem
expect 0 trusted web.pem --chain issuing.pem --host www.example.org
openssl x509 -in issuing.pem -addreject anyExtendedKeyUsage -trustout -out distrust/1a2b3c4d.0
expect 1 'not trusted' web.pem --chain issuing.pem --host www.example.org
rm distrust/1a2b3c4d.0
# So do the times after which nothing new is trusted (NSS).
certdata() {  # TIME: YYMMDD
  /usr/bin/python3 - "$1" <<'END' > certdata.txt
import base64, sys
der = base64.b64decode("".join(open("root.pem").read().split("-----")[2].split()))
octal = lambda octets: "".join(f"\\{octet:03o}" for octet in octets)
def field(name, octets): print(f"{name} MULTILINE_OCTAL\n{octal(octets)}\nEND")
print("BEGINDATA\nCKA_CLASS CK_OBJECT_CLASS CKO_NSS_BUILTIN_ROOT_LIST\n")
for kind in "CERTIFICATE", "NSS_TRUST":
    print(f"CKA_CLASS CK_OBJECT_CLASS CKO_{kind}")
    field("CKA_ISSUER", b"issuer")
    field("CKA_SERIAL_NUMBER", b"1")
    if kind == "CERTIFICATE":
        field("CKA_VALUE", der)
        field("CKA_NSS_SERVER_DISTRUST_AFTER", sys.argv[1].encode() + b"000000Z")
    else:
        print("CKA_TRUST_SERVER_AUTH CK_TRUST CKT_NSS_TRUSTED_DELEGATOR")
    print()
END
}
printf '[system]\ncertdata = "%s"\n' "$work/certdata.txt" > keystore.toml
export KEYSTORE_CONFIG=$work/keystore.toml
cp root.pem system.pem
certdata 250101
expect 1 "after 'CN=Root' stopped being trusted" web.pem --chain issuing.pem --host www.example.org
expect 0 trusted web.pem --chain issuing.pem --trust root.pem --host www.example.org
certdata 490101
expect 0 trusted web.pem --chain issuing.pem --host www.example.org
unset SSL_CERT_FILE SSL_CERT_DIR KEYSTORE_CONFIG

expect 1 'not trusted' web.pem --chain issuing.pem --trust root.pem --purpose client
expect 1 'not trusted' web.pem --chain issuing.pem --trust root.pem --at 2060-01-01T00:00:00Z
expect 1 'CRL' web.pem --chain issuing.pem --trust root.pem --crl-check leaf
expect 1 'depth' web.pem --chain issuing.pem --trust root.pem --depth 0
expect 7 'root.pem holds no CRL' web.pem --chain issuing.pem --trust root.pem --crl root.pem --soft-fail
for time in tomorrow 2026-03-01 +026-03-01T12:00:00Z '2026- 3-01T12:00:00Z' 2026-03-01T12:00:00 \
  2026-03-01T12:00:00.Z 2026-03-01T12:00:00+1:000 2026-13-01T12:00:00Z 2026-03-01T24:00:00Z; do
  expect 2 'is not a time' web.pem --at "$time"
done
for time in 2060-01-01T00:00:00Z 2060-01-01t00:00:00.25z '2060-01-01 01:00:00+01:00'; do
  expect 1 'expired' web.pem --chain issuing.pem --trust root.pem --at "$time"
done
expect 2 "no purpose is named 'door'" web.pem --purpose door
expect 7 'root.key' web.pem --trust root.key
expect 3 'nowhere.pem' nowhere.pem
expect 1 '"trusted":false' web.pem --trust root.pem --json

# A list that another certificate of the issuer signed, whose own status is not to be had.
make lists /CN=Issuing root "${ca[@]}"
printf '%s\n' '[ca]' 'default_ca = lists' '[lists]' 'database = index' 'crlnumber = number' \
  'default_md = sha256' '[crlext]' 'authorityKeyIdentifier=keyid' > ca.conf
touch index
echo 01 > number
openssl ca -config ca.conf -gencrl -crldays 30 -cert lists.pem -keyfile lists.key -crlexts crlext -out lists.crl 2> ca.log
expect 1 'CRL path validation error' web.pem --chain issuing.pem --chain lists.pem --trust root.pem --crl lists.crl --crl-check chain
expect 0 trusted web.pem --chain issuing.pem --chain lists.pem --trust root.pem --crl lists.crl --crl-check chain --soft-fail

# Botan is asked about what is good otherwise; a batch asks it on request.
expect 0 '"botan":{"verdict":"agrees","reason":"ok"}' web.pem --chain issuing.pem --trust root.pem --json
expect 0 '"verdict":"not-asked"' --batch <(echo '{"cert":"web.pem","chain":["issuing.pem"],"trust":["root.pem"]}')
expect 0 '"verdict":"agrees"' --batch <(echo '{"cert":"web.pem","chain":["issuing.pem"],"trust":["root.pem"],"second_opinion":true}')
expect 0 trusted web.pem --chain issuing.pem --trust root.pem --strict-second-opinion
expect 0 '"verdict":"no-opinion"' issuing.pem --trust issuing.pem --partial-chain --json
expect 1 'second opinion: Botan does not judge' issuing.pem --trust issuing.pem --partial-chain --strict-second-opinion

# The answer to each line comes before the next one is sent.
coproc batch { "$keystore" verify --batch -; }
batch_pid=$batch_PID  # bash forgets it when the process ends
ask() { printf '%s\n' "$1" >&"${batch[1]}"; read -r -t 60 answer <&"${batch[0]}" || fail "no answer to $1"; }
ask '{"cert":"web.pem","chain":["issuing.pem"],"trust":["root.pem"],"host":"www.example.org"}'
grep -q '"trusted":true.*"path":\["CN=www.example.org","CN=Issuing","CN=Root"\]' <<< "$answer" || fail "batch: $answer"
# What was found good before is not taken for more than it was.
/usr/bin/python3 - <<'END'
import base64
der = bytearray(base64.b64decode("".join(open("issuing.pem").read().split("-----")[2].split())))
der[-1] ^= 1
open("forged.der", "wb").write(der)
END
make stranger /CN=Issuing other "${ca[@]}"
make false /CN=www.example.org stranger "${leaf[@]}"
for line in '{"cert":"web.pem","chain":["forged.der"],"trust":["root.pem"]}' \
    '{"cert":"false.pem","chain":["issuing.pem"],"trust":["root.pem"]}' \
    '{"cert":"web.pem","chain":["issuing.pem"],"trust":["other.pem"]}' \
    '{"cert":"web.pem","chain":["issuing.pem"],"trust":["root.pem"],"at":"2060-01-01T00:00:00Z"}'; do
  ask "$line"
  grep -q '"trusted":false' <<< "$answer" || fail "batch, $line: $answer"
done
for line in 'no json' '{"cert":"nowhere.pem","trust":[]}' '{"cert":"web.pem","colour":"red"}' \
    '{"cert":"web.pem","at":"never"}' '{"cert":"web.pem","trust":[]}' '[]'; do
  ask "$line"
  grep -q '"trusted":false' <<< "$answer" || fail "batch, $line: $answer"
done
exec {batch[1]}>&-
wait "$batch_pid" || fail 'a batch whose lines were all answered does not end with 0'
exit $status
