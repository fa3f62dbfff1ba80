#!/bin/bash
# Python's ssl serves with keys on the token, every provider order, TLS 1.2 and 1.3, in one thread, in
# many, and in children forked before and after the first use; every process ends with status 0.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
make_token

listens() { [ -s "$work/server.log" ] || ! running server; }

# serve ORDER TYPE COUNT [MODE]
serve() {
  start server env OPENSSL_CONF="$(provider_conf "$1")" "$python" "$KEYSTORE_SOURCE/tests/programs/https_server.py" \
    "$work/$2.crt" "$work/$2.ref" "${@:3}"
  wait_until 10 listens && port=$(head -1 "$work/server.log") || fail "no server: $*"
}

for type in "${types[@]}"; do
  put_on_token "$type"
  for order in "${orders[@]}"; do
    serve "$order" "$type" "${#versions[@]}"
    for version in "${versions[@]}"; do
      expect 0 fetch localhost "$port" "$version"
      grep -q "TLSv$version" "$work/out" || fail "not TLS $version: $type, $order"
    done
    finish server || fail "python ends with status $?: $type, $order"
  done
done

# fetch_many COUNT: eight at a time.
fetch_many() {
  seq "$1" | xargs -P 8 -I{} curl -sS --max-time 30 --noproxy '*' --cacert "$work/ca.crt" \
    --resolve "localhost:$port:127.0.0.1" "https://localhost:$port/"
}

for type in p256 rsa2048; do
  for order in "${orders[@]}"; do
    for mode in threads children after-use; do
      serve "$order" "$type" 32 "$mode"
      expect 0 fetch_many 32
      [ "$(grep -o 'TLSv1.3' "$work/out" | wc -l)" -eq 32 ] || fail "answers are missing: $type, $order, $mode"
      finish server || fail "python ends with status $?: $type, $order, $mode"
    done
  done
done
