#!/bin/bash
# The C examples leak nothing and touch nothing that is not theirs: keys on a token, mutual TLS.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
. "$KEYSTORE_SOURCE/tests/support/valgrind.sh"
make_token
put_on_token p256
put_on_token rsa2048

port=$(free_port)
key="pkcs11:token=test;object=p256?pin-source=file:$pin_file"
start server "${checked[@]}" "$KEYSTORE_BUILD/examples/tls_server_c" "$port" "$key" "$work/p256.crt" "$work/ca.crt"
wait_until 60 port_open "$port" || fail "the server does not listen"
client=("${checked[@]}" "$KEYSTORE_BUILD/examples/tls_client_c" localhost "$port" "$work/ca.crt")
expect 0 "${client[@]}" "$work/rsa2048.ref" "$work/rsa2048.crt"
grep -q 'Hello, /CN=rsa2048' "$work/out" || fail "no answer"
expect 1 "${client[@]}" "$work/ca.crt"
stop server || fail "the server ended with status $?"
