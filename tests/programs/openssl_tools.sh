#!/bin/bash
# The openssl command with a key on the token: every run ends with status 0 and all its output
# reaches a pipe, and plain OpenSSL agrees with what was made.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
make_token
message=$work/message
head -c 3000 /dev/urandom > "$message"

# piped FILE COMMAND…: into a pipe, where a crash at exit loses output.
piped() {
  local file=$1
  shift
  { "$@" 2> "$work/err" || echo "status $?" >> "$work/err"; } | cat > "$file"
  if grep '^status' "$work/err" > /dev/null; then cat "$work/err" >&2; fail "$*"; fi
  [ -s "$file" ] || fail "no output: $*"
}

signs() {
  local type=$1 order=$2 ref=$work/$1.ref options=(-rawin)
  [ "$type" = ed25519 ] || options+=(-digest sha256)
  piped "$work/sig" with_provider "$order" openssl pkeyutl -sign -inkey "$ref" -in "$message" "${options[@]}"
  expect 0 openssl pkeyutl -verify -pubin -inkey "$work/$type.pub" -in "$message" \
    -sigfile "$work/sig" "${options[@]}"
  piped "$work/pub" with_provider "$order" openssl pkey -in "$ref" -pubout
  cmp -s "$work/pub" "$work/$type.pub" || fail "another public key: $type, $order"
  piped "$work/request" with_provider "$order" openssl req -new -key "$ref" -subj "/CN=$type"
  expect 0 openssl req -in "$work/request" -verify -noout
  piped "$work/self" with_provider "$order" openssl req -x509 -new -key "$ref" -subj "/CN=$type" -days 5
  expect 0 openssl verify -CAfile "$work/self" "$work/self"
}

signs_digests() {
  local type=$1 order=$2 digest
  for digest in sha256 sha384 sha512; do
    piped "$work/sig" with_provider "$order" openssl dgst "-$digest" -sign "$work/$type.ref" "$message"
    expect 0 openssl dgst "-$digest" -verify "$work/$type.pub" -signature "$work/sig" "$message"
  done
  piped "$work/cms" with_provider "$order" openssl cms -sign -binary -in "$message" -outform DER \
    -signer "$work/$type.crt" -inkey "$work/$type.ref"
  expect 0 openssl cms -verify -binary -inform DER -in "$work/cms" -content "$message" \
    -CAfile "$work/ca.crt" -purpose any
}

rsa_works() {
  local type=$1 order=$2 pss=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest) mode
  piped "$work/sig" with_provider "$order" openssl dgst -sha256 "${pss[@]}" -sign "$work/$type.ref" "$message"
  expect 0 openssl dgst -sha256 "${pss[@]}" -verify "$work/$type.pub" -signature "$work/sig" "$message"
  head -c 60 "$message" > "$work/short"
  for mode in pkcs1 oaep; do
    expect 0 openssl pkeyutl -encrypt -pubin -inkey "$work/$type.pub" -in "$work/short" \
      -pkeyopt "rsa_padding_mode:$mode" -out "$work/ciphertext"
    piped "$work/plain" with_provider "$order" openssl pkeyutl -decrypt -inkey "$work/$type.ref" \
      -in "$work/ciphertext" -pkeyopt "rsa_padding_mode:$mode"
    cmp -s "$work/short" "$work/plain" || fail "decrypts to something else: $type, $mode, $order"
  done
}

ec_derives() {
  local type=$1 order=$2
  make_key "$type" "$work/peer.key"
  expect 0 openssl pkey -in "$work/peer.key" -pubout -out "$work/peer.pub"
  expect 0 openssl pkeyutl -derive -inkey "$work/peer.key" -peerkey "$work/$type.pub" -out "$work/theirs"
  piped "$work/ours" with_provider "$order" openssl pkeyutl -derive -inkey "$work/$type.ref" \
    -peerkey "$work/peer.pub"
  cmp -s "$work/theirs" "$work/ours" || fail "derives another secret: $type, $order"
}

for type in "${types[@]}"; do
  put_on_token "$type"
  for order in "${orders[@]}"; do
    signs "$type" "$order"
    case $type in
      rsa*) signs_digests "$type" "$order"; rsa_works "$type" "$order" ;;
      p*) signs_digests "$type" "$order"; ec_derives "$type" "$order" ;;
    esac
  done
done
