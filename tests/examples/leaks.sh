#!/bin/bash
# leaks.sh c|botan: those examples leak nothing and touch nothing that is not theirs: keys on a token,
# mutual TLS. Only one end of a connection runs in valgrind, and the other waits for it.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
. "$KEYSTORE_SOURCE/tests/examples/languages.sh"
. "$KEYSTORE_SOURCE/tests/support/valgrind.sh"
make_token
put_on_token p256
# By URI, which opens the token before the handshake: a first signature through a reference does so in the
# 2 s that it has, of which valgrind on a busy machine makes little.
own=("pkcs11:token=test;object=p256?pin-source=file:$pin_file" "$work/p256.crt")

port=$(free_port)
example tls_server "$1"
start server "${checked[@]}" "${example[@]}" "$port" "${own[@]}" "$work/ca.crt"
wait_until 60 port_open "$port" || fail "the server does not listen"
example tls_client "$1"
client=("${example[@]}" localhost)
expect 0 "${client[@]}" "$port" "$work/ca.crt" "${own[@]}"
grep -q 'Hello, /CN=p256' "$work/out" || fail "no answer"
expect 1 "${client[@]}" "$port" "$work/ca.crt"
stop server || fail "the server ended with status $?"

make_key p256 "$work/web.key"
make_certificate "$work/web.key" web "$work/web.crt"
port=$(free_port)
start theirs openssl s_server -accept "127.0.0.1:$port" -www -cert "$work/web.crt" -key "$work/web.key" \
  -CAfile "$work/ca.crt" -Verify 2 -verify_return_error
wait_for_port "$port" theirs
expect 0 "${checked[@]}" "${client[@]}" "$port" "$work/ca.crt" "${own[@]}"
grep -q 'Subject: CN *= *p256' "$work/out" || fail "no client certificate"
expect 1 "${checked[@]}" "${client[@]}" "$port" "$work/ca.crt"
expect 1 "${checked[@]}" "${client[@]}" "$port" "$work/absent.crt" "${own[@]}"
