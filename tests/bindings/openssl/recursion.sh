#!/bin/bash
# A module that uses libcrypto itself inside C_Sign comes back to the provider where that is first or
# preferred: what needs no store is done for it, and stored keys are declined, which would come back
# to the module.
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/openssl/keys.sh"
types=(p256 rsa2048)
make_token
cd "$work"
cat > "$KEYSTORE_CONFIG" << END
[modules.token]
path = "$KEYSTORE_BUILD/tests/tokens/libkeystore-libcrypto-token.so"
env = { SOFTHSM2_CONF = "$SOFTHSM2_CONF", KEYSTORE_TEST_MODULE = "$module" }
END
export KEYSTORE_TEST_REFERENCE=$work/p256.ref KEYSTORE_TEST_SEEN=$work/seen
for order in "${orders[@]}"; do
  for type in "${types[@]}"; do
    : > seen
    ours "$order" timeout 60 openssl dgst -sha256 -sign "$type.ref" -out sig ca.crt
    expect 0 openssl dgst -sha256 -verify "$type.pub" -signature sig ca.crt
    [ "$(cat seen)" = 'made: signs, stored: declined' ] || fail "inside the module: $(cat seen): $type, $order"
  done
done
