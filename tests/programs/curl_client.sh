#!/bin/bash
# curl shows a client certificate whose key is on the token: every provider order, TLS 1.2 and 1.3.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
make_token

make_key p256 "$work/server.key"
make_certificate "$work/server.key" server "$work/server.crt"
port=$(free_port)
start server openssl s_server -accept "127.0.0.1:$port" -www -cert "$work/server.crt" \
  -key "$work/server.key" -CAfile "$work/ca.crt" -Verify 2 -verify_return_error
wait_for_port "$port" server

for type in "${types[@]}"; do
  put_on_token "$type"
  for order in "${orders[@]}"; do
    for version in "${versions[@]}"; do
      expect 0 with_provider "$order" curl -sS --max-time 20 --noproxy '*' --cacert "$work/ca.crt" \
        --cert "$work/$type.crt" --key "$work/$type.ref" "--tlsv$version" --tls-max "$version" \
        "https://localhost:$port/"
      grep -q "Protocol  *: *TLSv$version" "$work/out" || fail "not TLS $version: $type, $order"
      grep -q "Subject: CN *= *$type" "$work/out" || fail "no client certificate: $type, $order"
    done
  done
done

expect 56 curl -sS --max-time 20 --noproxy '*' --cacert "$work/ca.crt" --tlsv1.3 "https://localhost:$port/"
running server || fail "the server ended"
