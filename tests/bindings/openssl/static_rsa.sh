#!/bin/bash
# TLS 1.2's RSA key exchange with a key on a token: off unless the configuration says otherwise.
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/openssl/keys.sh"
types=(rsa2048)
make_token
cd "$work"
suite=AES128-GCM-SHA256

# serve ORDER: a server with the key, and no other key exchange.
serve() {
  port=$(free_port)
  OPENSSL_CONF=$work/$1.cnf start server openssl s_server -accept "127.0.0.1:$port" -tls1_2 -cipher "$suite" \
    -cert rsa2048.crt -key rsa2048.ref -www
  wait_for_port "$port" server
}

shake_hands() {
  openssl s_client -connect "127.0.0.1:$port" -tls1_2 -cipher "$suite" -CAfile ca.crt -verify_return_error \
    < /dev/null > client.log 2>&1
}

is_off() {
  serve "$1"
  ! shake_hands || fail "RSA key exchange works without its switch: $1"
  grep -q 'key exchange with a stored key is switched off' server.log || fail "no reason is told: $1"
  stop server || true
}

is_on() {
  serve "$1"
  shake_hands || fail "no handshake: $1: $(tail -n 5 client.log)"
  grep -q "Cipher is $suite" client.log || fail "another suite: $1"
  stop server || true
}

for order in "${orders[@]}"; do is_off "$order"; done
printf '[openssl]\nstatic_rsa = true\n' >> "$KEYSTORE_CONFIG"
for order in "${orders[@]}"; do is_on "$order"; done

