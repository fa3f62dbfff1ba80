#!/bin/bash
# Python's ssl serves with keys on the token, every provider order, TLS 1.2 and 1.3, and ends with
# status 0.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
make_token

listens() { [ -s "$work/server.log" ] || ! running server; }

for type in "${types[@]}"; do
  put_on_token "$type"
  for order in "${orders[@]}"; do
    start server env OPENSSL_CONF="$(provider_conf "$order")" "$python" "$KEYSTORE_SOURCE/tests/programs/https_server.py" \
      "$work/$type.crt" "$work/$type.ref" "${#versions[@]}"
    wait_until 10 listens && port=$(head -1 "$work/server.log") || fail "no server: $type, $order"
    for version in "${versions[@]}"; do
      expect 0 fetch localhost "$port" "$version"
      grep -q "TLSv$version" "$work/out" || fail "not TLS $version: $type, $order"
    done
    finish server || fail "python ends with status $?: $type, $order"
  done
done
