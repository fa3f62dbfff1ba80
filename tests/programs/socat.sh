#!/bin/bash
# socat, which forks for each connection, serves with a key on the token and shows, as a client, a
# certificate whose key is on it; every provider order.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need socat
make_server_keys

asks() {
  local options="verify=1,cafile=$work/ca.crt,cert=$work/$2.crt,key=$work/$2.ref"
  with_provider "$1" socat -T 20 - "OPENSSL:localhost:$port,pf=ip4,$options,openssl-min-proto-version=TLS$3,openssl-max-proto-version=TLS$3" \
    <<< 'hello'
}

for order in "${orders[@]}"; do
  for type in "${server_types[@]}"; do
    port=$(free_port)
    start socat env OPENSSL_CONF="$(provider_conf "$order")" socat \
      "OPENSSL-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork,verify=1,cafile=$work/ca.crt,cert=$work/$type.crt,key=$work/$type.ref" EXEC:cat
    wait_for_port "$port" socat
    for version in "${versions[@]}"; do
      expect 0 asks "$order" "$type" "$version"
      [ "$(cat "$work/out")" = hello ] || fail "wrong answer: $type, $version, $order"
    done
    status=0
    stop socat || status=$?
    [ "$status" -eq 143 ] || fail "socat ends with status $status: $type, $order"
  done
done
