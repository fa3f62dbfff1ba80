#!/bin/bash
# Promise: paths of other projects' test sets come out as their sources state, down to the recorded
# floors, and nothing is trusted that OpenSSL alone would refuse.
set -u
corpus=${KEYSTORE_CORPUS:-$KEYSTORE_SOURCE/../shared/corpus}
here=$KEYSTORE_SOURCE/tests/verify
exec "$here/corpus.py" "$KEYSTORE_BUILD/bin/keystore" "$corpus" "$here/floors.json" "$@"
