#!/bin/bash
# openssl s_server with asynchronous jobs: keys on the token sign while the server waits for others,
# every provider order, TLS 1.2 and 1.3; it ends with status 0.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
make_token

listens() { grep -q ACCEPT "$work/server.log" || ! running server; }

for type in p256 rsa2048 ed25519; do
  put_on_token "$type"
  for order in "${orders[@]}"; do
    port=$(free_port)
    start server env OPENSSL_CONF="$(provider_conf "$order")" openssl s_server -async \
      -accept "127.0.0.1:$port" -www -cert "$work/$type.crt" -key "$work/$type.ref" \
      -naccept $((2 * ${#versions[@]}))
    wait_until 10 listens || fail "s_server does not start: $type, $order"
    for version in "${versions[@]}" "${versions[@]}"; do
      expect 0 fetch localhost "$port" "$version"
      grep -q "Protocol  *: *TLSv$version" "$work/out" || fail "not TLS $version: $type, $order"
    done
    finish server || fail "s_server ends with status $?: $type, $order"
  done
done
