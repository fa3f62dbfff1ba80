#!/bin/bash
# The C examples leak nothing either where something is wrong: words, files, ports, names. In valgrind.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
. "$KEYSTORE_SOURCE/tests/support/valgrind.sh"
make_ca
make_key p256 "$work/web.key"
make_certificate "$work/web.key" web "$work/web.crt"
make_key p256 "$work/other.key"
make_certificate "$work/other.key" other "$work/other.crt"
port=$(free_port)
server=("${checked[@]}" "$KEYSTORE_BUILD/examples/tls_server_c")
client=("${checked[@]}" "$KEYSTORE_BUILD/examples/tls_client_c")
expect 2 "${server[@]}"
expect 1 "${server[@]}" 1 "$work/absent.key"
expect 1 "${server[@]}" 1 "$work/web.key" "$work/other.crt"
expect 1 "${server[@]}" "$port" "$work/web.key" "$work/web.crt" "$work/absent.crt"
expect 2 "${client[@]}"
expect 1 "${client[@]}" localhost "$port" "$work/ca.crt"
grep -q 'connect' "$work/err" || fail "it is not said that nobody listens"
expect 1 "${client[@]}" localhost "$port" system: "$work/web.key"

port=$(free_port)
start theirs openssl s_server -accept "127.0.0.1:$port" -www -cert "$work/web.crt" -key "$work/web.key"
wait_for_port "$port" theirs
expect 1 "${server[@]}" "$port" "$work/web.key" "$work/web.crt"
grep -q 'cannot listen' "$work/err" || fail "the port was free"
expect 0 "${client[@]}" localhost "$port" "$work/ca.crt"
expect 1 "${client[@]}" 127.0.0.1 "$port" "$work/ca.crt"
grep -q 'IP address mismatch' "$work/err" || fail "the wrong name is not told"
stop theirs || true
