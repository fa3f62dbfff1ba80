#!/bin/bash
# The key that the provider uses is an ordinary token key: pkcs11-tool and libp11's engine sign with
# it too, and the signatures verify.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
need pkcs11-tool
make_token
message=$work/message
head -c 600 /dev/urandom > "$message"

# pkcs11-tool signs with the first key where it is told a label only.
by_pkcs11_tool() {
  local id
  expect 0 "$keystore" show "pkcs11:token=test;object=$1;type=private" --pin "file:$pin_file" --json
  id=$("$python" -c 'import json, sys; print(json.load(sys.stdin)["id"])' < "$work/out")
  expect 0 pkcs11-tool --module "$module" --token-label test --login --pin "$pin" --id "$id" --sign \
    --mechanism "$2" --signature-format "$4" --input-file "$3" --output-file "$work/sig"
}

by_engine() {
  PKCS11_MODULE_PATH=$module expect 0 openssl dgst -sha256 -engine pkcs11 -keyform engine \
    -sign "pkcs11:token=test;object=$1;type=private?pin-value=$pin" -out "$work/sig" "$message"
}

verifies() {
  local options=(-rawin)
  [ "$1" = ed25519 ] || options+=(-digest sha256)
  expect 0 openssl pkeyutl -verify -pubin -inkey "$work/$1.pub" -in "$message" -sigfile "$work/sig" \
    "${options[@]}"
}

engine=$(openssl version -e | cut -d '"' -f 2)/pkcs11.so
[ -f "$engine" ] || echo "SKIPPED in part: libengine-pkcs11-openssl is not installed" >&2
openssl dgst -sha256 -binary -out "$work/digest" "$message"
for type in "${types[@]}"; do
  put_on_token "$type"
  case $type in
    rsa*) by_pkcs11_tool "$type" SHA256-RSA-PKCS "$message" rs ;;
    p*) by_pkcs11_tool "$type" ECDSA "$work/digest" openssl ;;
    ed25519) by_pkcs11_tool "$type" EDDSA "$message" rs ;;
  esac
  verifies "$type"
  if [ -f "$engine" ] && [ "$type" != ed25519 ]; then
    by_engine "$type"
    verifies "$type"
  fi
  with_provider default-first openssl pkeyutl -sign -inkey "$work/$type.ref" -in "$message" -rawin \
    $([ "$type" = ed25519 ] || echo -digest sha256) -out "$work/sig"
  verifies "$type"
done
