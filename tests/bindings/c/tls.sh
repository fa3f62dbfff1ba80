#!/bin/bash
# tls.sh [leaks]: TLS by the C API: versions, ciphers, revocation, rotation. With `leaks` in valgrind.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
checked=()
[ "${1:-}" != leaks ] || . "$KEYSTORE_SOURCE/tests/support/valgrind.sh"
make_ca
for name in web next; do
  make_key p256 "$work/$name.key"
  make_certificate "$work/$name.key" "$name" "$work/$name.crt"
done
make_crls "$work/web.crt"
expect 0 "${checked[@]}" "$KEYSTORE_BUILD/tests/bindings/c/ks_openssl_test" "$work"
