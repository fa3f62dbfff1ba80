#!/bin/bash
# What goes wrong with a reference or a URI, and the words that a user of the openssl command sees.
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/openssl/keys.sh"
types=(rsa2048 p256)
make_token
cd "$work"

private_keys_stay() {
  local text='does not leave its store: pkcs11:token=test;object=p256'
  refused "$text" openssl pkcs8 -topk8 -nocrypt -in p256.ref
  refused "$text" openssl pkcs12 -export -inkey p256.ref -in p256.crt -passout pass:x -out exported
}

bad_references_say_so() {
  sed 's/^M/!/' p256.ref > bad.ref
  refused 'is not base64' openssl pkey -in bad.ref -pubout
  sed 4d p256.ref > bad.ref
  refused 'key reference is not one DER sequence' openssl pkey -in bad.ref -pubout
  head -n 4 p256.ref > bad.ref
  refused 'malformed data' openssl pkey -in bad.ref -pubout
}

missing_things_say_so() {
  refused "no token 'nosuch'; there are: 'test'" openssl pkey -pubout \
    -in "pkcs11:token=nosuch;object=p256?pin-source=file:$pin_file"
  refused "'keystore ls' shows what is there" openssl pkey -pubout \
    -in "pkcs11:token=test;object=nosuch?pin-source=file:$pin_file"
  refused "attribute 'token' is given twice" openssl pkey -pubout -in 'pkcs11:token=test;token=test'
  refused 'cannot read /nonexistent' openssl pkey -pubout \
    -in 'pkcs11:token=test;object=p256?pin-source=file:/nonexistent'
}

# A reference loads while its token is away; the signature says what is missing.
absent_token_is_named() {
  mv tokens elsewhere && mkdir tokens
  ours default-first openssl pkey -in p256.ref -pubout
  refused "no token 'test'" openssl dgst -sha256 -sign p256.ref -out sig p256.crt
  rmdir tokens && mv elsewhere tokens
  ours default-first openssl dgst -sha256 -sign p256.ref -out sig p256.crt
}

pins_are_asked_and_refused() {
  ours default-first openssl pkey -pubout -in 'pkcs11:token=test;object=p256' -passin "pass:$pin"
  refused 'the PIN was refused' openssl pkey -pubout -in 'pkcs11:token=test;object=p256' -passin pass:wrong
}

mismatches_are_noticed() {
  refused 'does not match' openssl s_server -accept "$(free_port)" -cert rsa2048.crt -key p256.ref
  make_key p256 other.key
  expect 0 openssl req -x509 -new -key other.key -subj /CN=other -days 3 -out other.crt
  refused 'key values mismatch' openssl s_server -accept "$(free_port)" -cert other.crt -key p256.ref
}

# Certificates and keys in one file, in any order, read as a key, as certificates and as a store.
combined_files_are_read() {
  local order file
  cat p256.crt ca.crt p256.ref > certificates-first.pem
  cat p256.ref p256.crt ca.crt > key-first.pem
  cat p256.crt p256.key > plain.pem
  for order in "${orders[@]}"; do
    for file in certificates-first.pem key-first.pem plain.pem; do
      ours "$order" openssl pkey -in "$file" -pubout -out pub
      cmp -s pub p256.pub || fail "another key: $file, $order"
      ours "$order" openssl x509 -in "$file" -noout -subject
      grep -q 'CN = p256' "$work/out" || fail "another certificate: $file, $order"
      ours "$order" openssl dgst -sha256 -sign "$file" -out sig p256.crt
    done
    ours "$order" openssl storeutl -noout certificates-first.pem
    grep -q 'Total found: 3' "$work/out" || fail "the store loses objects: $(cat "$work/out")"
  done
}

private_keys_stay
bad_references_say_so
missing_things_say_so
absent_token_is_named
pins_are_asked_and_refused
mismatches_are_noticed
combined_files_are_read
