#!/bin/bash
# A command that waits for longer than a second says on the terminal what for.
. "$KEYSTORE_SOURCE/tests/support/lib.sh"

need "$python"
softhsm_token prod
expect 0 "$keystore" new 'pkcs11:token=prod' --type ec:p256 --label web --pin "file:$pin_file"
keystore_toml "$KEYSTORE_BUILD/tests/tokens/libkeystore-test-token.so"
export KEYSTORE_TEST_MODULE=$module KEYSTORE_TEST_COUNTS=$work/counts KEYSTORE_TEST_FAULTS=$work/faults
# The module comes back from a hanging call when its row goes.
echo 'C_FindObjectsInit hang' > "$KEYSTORE_TEST_FAULTS"
"$python" "$KEYSTORE_SOURCE/tests/cli/progress.py" "$keystore" "$pin_file"
