#!/bin/bash
# verify() and check() of the Python package, and the C functions under them.
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/python/python.sh"
make_identities
make_key p256 "$work/web.key"
make_certificate "$work/web.key" web "$work/web.crt"
expect 0 openssl x509 -in "$work/ca.crt" -outform DER -out "$work/ca.der"
: > "$work/index"
printf '%s\n' '[ca]' 'default_ca = d' '[d]' "database = $work/index" 'default_md = sha256' \
  'default_crl_days = 30' > "$work/ca.cnf"
authority=(openssl ca -config "$work/ca.cnf" -cert "$work/ca.crt" -keyfile "$work/ca.key")
expect 0 "${authority[@]}" -gencrl -out "$work/empty.crl"
expect 0 "${authority[@]}" -revoke "$work/web.crt"
expect 0 "${authority[@]}" -gencrl -out "$work/full.crl"
run_tests verify_test
