#!/bin/bash
# Python's ssl with keys on a token: http.server, urllib and asyncio against each other, curl and
# openssl, without any configuration of OpenSSL's.
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/python/python.sh"
make_identities
for name in file web; do
  make_key p256 "$work/$name.key"
  make_certificate "$work/$name.key" "$name" "$work/$name.crt"
done
make_key rsa2048 "$work/other.key"
make_certificate "$work/other.key" other "$work/other.crt"
make_crls "$work/web.crt"
run_tests tls_test
run_tests rotation_test

# A configuration that loads the provider, wherever in the order, changes nothing.
for order in "${orders[@]}"; do
  OPENSSL_CONF=$(provider_conf "$order") run_tests tls_test.Contexts.test_http_server_and_urllib
done
