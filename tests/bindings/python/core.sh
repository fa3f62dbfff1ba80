#!/bin/bash
# The package `keystore` on a token and with files; what it does is checked with plain OpenSSL.
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/python/python.sh"
make_identities
echo nonsense > "$work/broken.pem"
make_key p256 "$work/web.key"
make_certificate "$work/web.key" web "$work/web.crt"
cat "$work/web.key" "$work/web.crt" > "$work/web.pem"
expect 0 openssl pkcs12 -export -inkey "$work/web.key" -in "$work/web.crt" -passout pass:secret-words \
  -out "$work/web.p12"
cat >> "$KEYSTORE_CONFIG" << END
[identities.web]
key = "pkcs11:token=test;object=p256"
pin = "file:$pin_file"
END
run_tests core_test
run_tests hosts_test
