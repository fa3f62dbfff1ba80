#!/bin/bash
# OpenSSL's stores over a token: what is listed, what is looked for, and certificates as anchors.
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/openssl/keys.sh"
types=(rsa2048 p256 ed25519)
make_token
cd "$work"
for name in rsa2048 p256 ed25519 ca; do
  expect 0 "$keystore" import "$name.crt" pkcs11:token=test --label "$name" --pin "file:$pin_file"
done
token="pkcs11:token=test?pin-source=file:$pin_file"

# finds ORDER NUMBER ARGUMENT…: so many objects.
finds() {
  local order=$1 number=$2
  shift 2
  ours "$order" openssl storeutl "$@" "$token"
  grep -q "^Total found: $number\$" out || fail "not $number: $* ($order): $(grep -a : out)"
}

lists() {
  local order=$1
  finds "$order" 7 -noout
  finds "$order" 3 -keys -noout
  finds "$order" 4 -certs -noout
  finds "$order" 3 -keys -text -noout
  [ "$(grep -c 'Private-Key in a store: pkcs11:token=test' out)" = 3 ] || fail 'keys have no text'
  ! grep -q '^priv' out || fail 'a private part is shown'
  finds "$order" 7
  [ "$(grep -c 'BEGIN CERTIFICATE' out)" = 4 ] || fail 'certificates are not written'
  [ "$(grep -c 'BEGIN KEYSTORE KEY REFERENCE' out)" = 3 ] || fail 'references are not written'
  ! grep -q 'BEGIN PRIVATE KEY' out || fail 'a private key is written'
}

reads_one() {
  local order=$1
  ours "$order" openssl x509 -in 'pkcs11:token=test;object=p256' -out found.crt
  cmp -s found.crt p256.crt || fail 'another certificate'
  ours "$order" openssl pkey -pubin -in 'pkcs11:token=test;object=p256' -out found.pub
  cmp -s found.pub p256.pub || fail 'another public key'
}

# field NAME OPTION…: of the certificate p256.crt, as the command's search wants it.
field() { openssl x509 -in p256.crt -noout -nameopt compat "$@" | sed 's/^[^=]*=//'; }

searches() {
  local order=$1 serial
  serial=0x$(field -serial)
  finds "$order" 1 -certs -noout -subject "$(field -subject)"
  finds "$order" 1 -certs -noout -subject '/CN=P256'  # names know no case (RFC 5280, 7.1)
  finds "$order" 0 -certs -noout -subject /CN=nobody
  finds "$order" 1 -certs -noout -issuer "$(field -issuer)" -serial "$serial"
  finds "$order" 0 -certs -noout -issuer /CN=p256 -serial "$serial"
  finds "$order" 1 -certs -noout -fingerprint "$(field -fingerprint -sha256)" -sha256
  finds "$order" 1 -certs -noout -fingerprint "$(field -fingerprint -sha1)" -sha1
  finds "$order" 0 -certs -noout -fingerprint "$(field -fingerprint -sha1 | tr 0-9 1-90)" -sha1
  local key
  key=$(openssl pkey -pubin -in p256.pub -outform DER | openssl dgst -sha256 -c | sed 's/.*= //')
  finds "$order" 1 -keys -noout -fingerprint "$key" -sha256
  finds "$order" 1 -certs -noout -fingerprint "$key" -sha256
  finds "$order" 1 -certs -noout -alias p256
  finds "$order" 1 -keys -noout -alias rsa2048
  finds "$order" 0 -keys -noout -alias nosuch
}

# The public objects of the token need no PIN.
anchors_paths() {
  local order=$1
  ours "$order" openssl verify -no-CAfile -no-CApath -CAstore 'pkcs11:token=test;object=ca' p256.crt
  ours "$order" openssl verify -no-CAfile -no-CApath -CAstore pkcs11:token=test rsa2048.crt
  OPENSSL_CONF=$order.cnf expect 2 openssl verify -no-CAfile -no-CApath \
    -CAstore 'pkcs11:token=test;object=p256' rsa2048.crt
}

# A key is asked for: certificates are none of its business, and the other way round.
asks_for_what_is_expected() {
  export KEYSTORE_TRACE=$work/trace
  ours default-first openssl storeutl -certs -noout pkcs11:token=test
  ! grep -q C_Login trace || fail 'certificates cost a login'
  rm trace
  ours default-first openssl pkey -in "$(cat p256.uri)" -pubout
  grep -q C_Login trace || fail 'the trace shows no login for a private key'
  unset KEYSTORE_TRACE
}

for order in "${orders[@]}"; do
  lists "$order"
  reads_one "$order"
  searches "$order"
  anchors_paths "$order"
done
asks_for_what_is_expected
