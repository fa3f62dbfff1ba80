#!/bin/bash
# verify() and check() of the Python package, and the C functions under them.
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/python/python.sh"
make_identities
make_key p256 "$work/web.key"
make_certificate "$work/web.key" web "$work/web.crt"
expect 0 openssl x509 -in "$work/ca.crt" -outform DER -out "$work/ca.der"
make_crls "$work/web.crt"
run_tests verify_test
