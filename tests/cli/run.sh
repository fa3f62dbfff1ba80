#!/bin/bash
# run.sh FILE: the commands of a script file against what it promises, in a folder of its own with a
# SoftHSM token "prod" (PIN in prod.pin).
. "$KEYSTORE_SOURCE/tests/support/lib.sh"

need openssl "$python"
softhsm_token prod
printf '%s' "$so_pin" > "$work/prod.so-pin"
printf 'wrong-pin' > "$work/wrong.pin"
printf 'a passphrase' > "$work/passphrase"
printf 'the message\n' > "$work/message"
export module provider
PATH=$(dirname "$keystore"):$PATH
"$python" "$KEYSTORE_SOURCE/tests/cli/run.py" "$KEYSTORE_SOURCE/tests/cli/$1" "$work"
