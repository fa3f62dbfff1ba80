#!/bin/bash
# Keys that OpenSSL's own commands make on a token, and the references that they write.
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/openssl/keys.sh"
types=(p256)
make_token
cd "$work"
head -c 3000 /dev/urandom > message
made=0

# name_key: sets uri to that of a key that is not there yet.
name_key() {
  made=$((made + 1))
  uri="pkcs11:token=test;object=made-$made?pin-source=file:$pin_file"
}

# works FILE: a reference, whose key signs and whose public half is on its own.
works() {
  local order=$1 file=$2 options=(-rawin)
  grep -q 'BEGIN KEYSTORE KEY REFERENCE' "$file" || fail "no reference: $(head -c 200 "$file")"
  ! grep -q 'PRIVATE KEY' "$file" || fail 'a private key was written'
  expect 0 "$keystore" show "pkcs11:token=test;object=made-$made;type=private" --pin "file:$pin_file" --json
  grep -q '"extractable":false' out || fail "the key may leave its token: $(cat out)"
  ours "$order" openssl pkey -in "$file" -pubout -out pub
  expect 0 openssl pkey -pubin -in pub -noout
  grep -q 'BEGIN PUBLIC KEY' pub || fail "-pubout writes $(head -n 1 pub)"
  expect 0 openssl pkey -pubin -in pub -noout -text
  grep -q 'ED25519\|ED448' out || options+=(-digest sha256)
  ours "$order" openssl pkeyutl -sign -inkey "$file" -in message -out sig "${options[@]}"
  expect 0 openssl pkeyutl -verify -pubin -inkey pub -in message -sigfile sig "${options[@]}"
}

makes_keys() {
  local order=$1 query=() algorithm
  [ "$order" != default-first ] || query=(-propquery provider=keystore)
  local algorithms=('RSA -pkeyopt rsa_keygen_bits:2048' 'EC -pkeyopt ec_paramgen_curve:P-256'
    'EC -pkeyopt group:P-521' ED25519 ED448)
  for algorithm in "${algorithms[@]}"; do
    name_key
    # shellcheck disable=SC2086  # several words on purpose
    ours "$order" openssl genpkey "${query[@]}" -algorithm $algorithm -pkeyopt "keystore_uri:$uri" -out made.pem
    works "$order" made.pem
  done
  name_key
  ours "$order" openssl req -new "${query[@]}" -newkey rsa:2048 -pkeyopt "keystore_uri:$uri" -nodes \
    -subj /CN=made -keyout made.pem -out request
  works "$order" made.pem
  expect 0 openssl req -in request -verify -noout
  name_key
  ours "$order" openssl req -x509 "${query[@]}" -newkey ec -pkeyopt ec_paramgen_curve:P-384 \
    -pkeyopt "keystore_uri:$uri" -passout pass:unused -subj /CN=made -days 3 -keyout made.pem -out made.crt
  works "$order" made.pem
  expect 0 openssl verify -CAfile made.crt made.crt
}

# What a key's encoder writes is the reference that the key came from.
rewrites_references() {
  ours default-first openssl pkey -in p256.ref -out again.ref
  cmp -s p256.ref again.ref || fail 'another reference is written'
  ours default-first openssl ec -in p256.ref -out again.ref
  cmp -s p256.ref again.ref || fail 'another reference is written by openssl ec'
  ours default-first openssl pkey -in "$(cat p256.uri)" -out again.ref
  cmp -s p256.ref again.ref || fail 'another reference is written for a URI'
  ours default-first openssl pkey -in p256.ref -outform DER -out p256.der
  ours default-first openssl dgst -sha256 -sign p256.der -keyform DER -out sig message
  expect 0 openssl dgst -sha256 -verify p256.pub -signature sig message
  ours default-first openssl pkey -in p256.ref -text -noout
  grep -q 'Private-Key in a store: pkcs11:token=test;object=p256' out || fail 'the text does not say where'
  ! grep -q '^priv' out || fail 'the text has a private part'
  ! grep -q "$pin" again.ref out p256.der || fail 'a PIN was written'
}

failures_say_so() {
  local generate=(openssl genpkey -propquery provider=keystore -out none.pem)
  name_key
  refused "already has a private object with label 'p256'" "${generate[@]}" -algorithm ED25519 \
    -pkeyopt "keystore_uri:$(cat p256.uri)"
  refused "no token 'nosuch'" "${generate[@]}" -algorithm ED25519 -pkeyopt keystore_uri:pkcs11:token=nosuch
  refused 'no source for the PIN' "${generate[@]}" -algorithm ED25519 -pkeyopt 'keystore_uri:pkcs11:token=test;object=x'
  refused 'is no token that could make keys' "${generate[@]}" -algorithm ED25519 -pkeyopt "keystore_uri:file:$work/x"
  refused 'no curve is named' "${generate[@]}" -algorithm EC -pkeyopt "keystore_uri:$uri"
  refused 'not RSA-PSS keys' "${generate[@]}" -algorithm RSA-PSS -pkeyopt "keystore_uri:$uri"
  refused 'the public exponent 65537' "${generate[@]}" -algorithm RSA -pkeyopt rsa_keygen_pubexp:3 \
    -pkeyopt "keystore_uri:$uri"
  [ ! -s none.pem ] || fail 'something was written after all'
  # Another provider would leave the key in the file: it must not take the parameter in silence.
  OPENSSL_CONF=default-first.cnf expect 1 openssl genpkey -algorithm ED25519 -pkeyopt "keystore_uri:$uri" -out none.pem
}

for order in "${orders[@]}"; do makes_keys "$order"; done
rewrites_references
failures_say_so
