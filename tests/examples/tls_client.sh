#!/bin/bash
# tls_client.sh cc|c|py|botan: that tls_client of examples/ talks to the tls_server beside it and to openssl
# s_server, shows a certificate with a key from a file and from a token, and believes no other host or
# authority.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
. "$KEYSTORE_SOURCE/tests/examples/languages.sh"
language=$1
make_token
example tls_client "$language"
client=("${example[@]}")
make_key p256 "$work/web.key"
make_certificate "$work/web.key" web "$work/web.crt"
make_key rsa2048 "$work/own.key"
make_certificate "$work/own.key" own "$work/own.crt"
put_on_token p384
# How each says whom it refused.
refused="certificate of '.*' was refused: "
[ "$language" != py ] || refused='certificate verify failed: '
[ "$language" != botan ] || refused='Certificate validation failure: '

port=$(free_port)
example tls_server "$language"
start ours "${example[@]}" "$port" "$work/web.key" "$work/web.crt" "$work/ca.crt"
wait_for_port "$port" ours
expect 0 "${client[@]}" localhost "$port" "$work/ca.crt" "$work/own.key" "$work/own.crt"
grep -q 'Hello, /CN=own' "$work/out" || fail "the server does not know the key of a file"
expect 0 "${client[@]}" localhost "$port" "$work/ca.crt" "$work/p384.ref" "$work/p384.crt"
grep -q 'Hello, /CN=p384' "$work/out" || fail "the server does not know the key of a token"
expect 1 "${client[@]}" localhost "$port" "$work/ca.crt"
expect 1 "${client[@]}" 127.0.0.1 "$port" "$work/ca.crt" "$work/own.key" "$work/own.crt"
grep -qiE "${refused}(IP address mismatch|Certificate does not match provided name)" "$work/err" || fail "the host is not named"
expect 1 "${client[@]}" localhost "$port" system: "$work/own.key" "$work/own.crt"
grep -qE "${refused}(unable to get|self-signed|Cannot establish trust|Certificate issuer not found)" "$work/err" || fail "the authority is not missed"
stop ours || [ $? -eq 143 ] || fail "the server ended with status $?"

for version in "${versions[@]}"; do
  port=$(free_port)
  start theirs openssl s_server -accept "127.0.0.1:$port" -www "-tls${version/./_}" -cert "$work/web.crt" \
    -key "$work/web.key" -CAfile "$work/ca.crt" -Verify 2 -verify_return_error
  wait_for_port "$port" theirs
  for key in own.key p384.ref; do
    expect 0 "${client[@]}" localhost "$port" "$work/ca.crt" "$work/$key" "$work/${key%.*}.crt"
    grep -q "Subject: CN *= *${key%.*}" "$work/out" || fail "no client certificate: $key, TLS $version"
  done
  stop theirs || true
done
