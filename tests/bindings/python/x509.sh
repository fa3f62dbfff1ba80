#!/bin/bash
# python3-cryptography signs certificates and requests with keys on a token.
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/python/python.sh"
"$python" -c 'import cryptography' 2> /dev/null ||
  skip "python3-cryptography is not installed (tools/test --all installs it)"
make_identities
run_tests x509_test
