#!/bin/bash
# The examples build against an installed Keystore, moved elsewhere, and run.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
make_ca
make_key p256 "$work/web.key"
make_certificate "$work/web.key" web "$work/web.crt"

expect 0 cmake --install "$KEYSTORE_BUILD" --prefix "$work/installed"
mv "$work/installed" "$work/moved"
cp -r "$KEYSTORE_SOURCE/examples" "$work/examples"
expect 0 cmake -S "$work/examples" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/moved"
expect 0 cmake --build "$work/build"

port=$(free_port)
start server "$work/build/tls_server" "$port" "$work/web.key" "$work/web.crt"
wait_for_port "$port" server
expect 0 "$work/build/tls_client" localhost "$port" "$work/ca.crt"
grep -q 'Hello, nobody' "$work/out" || fail "no answer"
