#!/bin/bash
# Redis (which allocates by jemalloc) serves with a key on the token, and redis-cli shows a client
# certificate whose key is on it; every provider order.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need redis-server redis-cli
make_server_keys

asks() {
  with_provider "$1" redis-cli -h 127.0.0.1 -p "$port" --tls --sni "$2.test" --cacert "$work/ca.crt" \
    --cert "$work/$2.crt" --key "$work/$2.ref" ping
}

for order in "${orders[@]}"; do
  for type in "${server_types[@]}"; do
    for version in "${versions[@]}"; do
      port=$(free_port)
      start redis env OPENSSL_CONF="$(provider_conf "$order")" redis-server --port 0 --bind 127.0.0.1 \
        --tls-port "$port" --tls-cert-file "$work/$type.crt" --tls-key-file "$work/$type.ref" \
        --tls-ca-cert-file "$work/ca.crt" --tls-protocols "TLSv$version" --save '' --dir "$work"
      wait_for_port "$port" redis
      expect 0 asks "$order" "$type"
      [ "$(cat "$work/out")" = PONG ] || fail "wrong answer: $type, $version, $order"
      stop redis || fail "Redis ends with status $?: $type, $version, $order"
      no_crash "$work/redis.log"
    done
  done
done
