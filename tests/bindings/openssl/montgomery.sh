#!/bin/bash
# X25519 and X448 keys on a token: off unless the provider's section of openssl.cnf says otherwise;
# and the TLS groups of these names, which nobody but libssl itself makes keys for, work in both.
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/openssl/keys.sh"
types=(p256)
make_token
cd "$work"
for order in "${orders[@]}"; do
  sed '/^module = /a montgomery = yes' "$order.cnf" > "$order-on.cnf"
done

# put_exchange_key TYPE: one without a certificate, which it could not have.
put_exchange_key() {
  local uri="pkcs11:token=test;object=$1"
  expect 0 openssl genpkey -algorithm "$1" -out "$1.key"
  expect 0 openssl pkey -in "$1.key" -pubout -out "$1.pub"
  expect 0 "$keystore" import "$1.key" pkcs11:token=test --label "$1" --pin "file:$pin_file"
  expect 0 "$keystore" ref "$uri;type=private" --pin "file:$pin_file" --out "$1.ref"
  echo "$uri?pin-source=file:$pin_file" > "$1.uri"
}

# derives ORDER TYPE KEY PUBLIC: the secret that the peer has, too, from a reference or a URI.
derives() {
  expect 0 openssl genpkey -algorithm "$2" -out peer.key
  expect 0 openssl pkey -in peer.key -pubout -out peer.pub
  expect 0 openssl pkeyutl -derive -inkey peer.key -peerkey "$4" -out theirs
  ours "$1" openssl pkeyutl -derive -inkey "$3" -peerkey peer.pub -out mine
  cmp -s theirs mine || fail "derives another secret: $2, $1"
}

is_public() {
  ours "$1" openssl pkey -in "$2" -pubout -out pub
  cmp -s pub "$3" || fail "another public key: $2, $1"
  ours "$1" openssl pkey -in "$2" -noout -text
  grep -q 'Private-Key in a store: pkcs11:token=test' out || fail "the text does not say where: $(cat out)"
}

generates() {
  local order=$1 type=$2 query=() uri="pkcs11:token=test;object=made-$1-$2?pin-source=file:$pin_file"
  [[ $order != default-first* ]] || query=(-propquery provider=keystore)
  ours "$order" openssl genpkey "${query[@]}" -algorithm "$type" -pkeyopt "keystore_uri:$uri" -out made.ref
  grep -q 'BEGIN KEYSTORE KEY REFERENCE' made.ref || fail "no reference: $(head -c 200 made.ref)"
  expect 0 "$keystore" show "pkcs11:token=test;object=made-$order-$type;type=private" --pin "file:$pin_file" --json
  grep -q '"extractable":false' out || fail "the key may leave its token: $(cat out)"
  grep -qi "\"type\":\"$type\"" out || fail "of another type: $(cat out)"
  ours "$order" openssl pkey -in made.ref -pubout -out made.pub
  derives "$order" "$type" made.ref made.pub
}

# Keys in files, and those that a program makes for itself.
leaves_files_alone() {
  ours "$1" openssl pkey -in "$2.key" -noout -text
  derives "$1" "$2" "$2.key" "$2.pub"
  ours "$1" openssl genpkey -algorithm "$2" -out new.key
  expect 0 openssl pkey -in new.key -check -noout
}

# shakes_hands ORDER GROUP: with the provider on both sides, and on each side alone.
shakes_hands() {
  local sides server client protocol
  for sides in "$1.cnf $1.cnf" "$1.cnf none" "none $1.cnf"; do
    read -r server client <<< "$sides"
    : > none
    port=$(free_port)
    OPENSSL_CONF=$work/$server start server openssl s_server -accept "127.0.0.1:$port" -groups "$2:P-256" \
      -cert p256.crt -key p256.key -www
    wait_for_port "$port" server
    for protocol in -tls1_2 -tls1_3; do
      OPENSSL_CONF=$work/$client expect 0 openssl s_client -connect "127.0.0.1:$port" "$protocol" -groups "$2:P-256" \
        -CAfile ca.crt -verify_return_error < /dev/null
      grep -q "Server Temp Key: $2" out || fail "another group: $1, $2, $sides: $(grep 'Temp Key' out)"
    done
    stop server || true
  done
}

is_off() {
  OPENSSL_CONF=$1.cnf expect 1 openssl pkeyutl -derive -inkey X25519.ref -peerkey X25519.pub -out mine
  grep -q 'X25519 with stored keys is switched off' err || fail "no reason is told: $1: $(cat err)"
}

for type in X25519 X448; do put_exchange_key "$type"; done
for order in "${orders[@]}"; do
  is_off "$order"
  for type in X25519 X448; do
    is_public "$order-on" "$type.ref" "$type.pub"
    derives "$order-on" "$type" "$type.ref" "$type.pub"
    derives "$order-on" "$type" "$(cat "$type.uri")" "$type.pub"
    generates "$order-on" "$type"
    leaves_files_alone "$order-on" "$type"
    for group in "$order" "$order-on"; do shakes_hands "$group" "$type"; done
  done
done
"$keystore" openssl-conf --montgomery > written.cnf
cp written.cnf default-first-written.cnf
derives default-first-written X25519 X25519.ref X25519.pub
