#!/bin/bash
# Other Python threads run during token work: eight are inside a token at once, and on one that takes 1 ms
# for a signature they make as many as eight threads of plain PKCS#11 (the figures are printed).
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/python/python.sh"
make_token
put_on_token p256
export KEYSTORE_TEST_MODULE=$module KEYSTORE_TEST_FAULTS=$work/faults KEYSTORE_TEST_COUNTS=$work/counts
: > "$KEYSTORE_TEST_FAULTS"
cat > "$KEYSTORE_CONFIG" << END
[modules.slow]
path = "$KEYSTORE_BUILD/tests/tokens/libkeystore-test-token.so"
env = { SOFTHSM2_CONF = "$SOFTHSM2_CONF" }
END
run_tests threads_test
