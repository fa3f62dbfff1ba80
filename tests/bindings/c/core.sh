#!/bin/bash
# core.sh [leaks]: the C API from C99, on a token and with files; what it does is checked with plain
# OpenSSL. With `leaks` it runs in valgrind.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
checked=()
[ "${1:-}" != leaks ] || . "$KEYSTORE_SOURCE/tests/support/valgrind.sh"
make_token
for type in p256 rsa2048 ed25519; do
  put_on_token "$type"
  expect 0 "$keystore" import "$work/$type.crt" pkcs11:token=test --label "$type" --pin "file:$pin_file"
done
mkdir "$work/files"
echo nonsense > "$work/files/broken.pem"
make_key p256 "$work/web.key"
make_certificate "$work/web.key" web "$work/web.crt"
expect 0 openssl pkcs12 -export -inkey "$work/web.key" -in "$work/web.crt" -passout pass:secret-words \
  -out "$work/files/web.p12"

expect 0 "${checked[@]}" "$KEYSTORE_BUILD/tests/bindings/c/ks_test" pkcs11:token=test "$pin_file" "$work/files"

libraries=$(ldd "$KEYSTORE_BUILD/tests/bindings/c/ks_test")
if grep -E 'botan|curl|libp11\.|keystore-verify' <<< "$libraries"; then fail "who only signs loads that"; fi
expect 0 "${checked[@]}" "$KEYSTORE_BUILD/tests/bindings/c/ks_verify_test" "$work/web.crt" "$work/ca.crt" "$work/web.key"
