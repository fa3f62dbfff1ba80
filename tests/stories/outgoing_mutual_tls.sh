#!/bin/bash
# A client shows the same certificate with its key in a combined PEM (encrypted PKCS#8), in a PFX and
# on a token, one after the other: neither the program nor the curl command changes.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
make_token
secret=$(cat "$pin_file")
client=$KEYSTORE_BUILD/examples/tls_client

# A server that wants certificates of our CA, by plain OpenSSL.
make_key p256 "$work/server.key"
make_certificate "$work/server.key" server "$work/server.crt"
port=$(free_port)
start server openssl s_server -accept "127.0.0.1:$port" -www -cert "$work/server.crt" \
  -key "$work/server.key" -CAfile "$work/ca.crt" -Verify 2 -verify_return_error
wait_for_port "$port" server

# One key and its certificate, in three places, behind the same secret.
make_key rsa2048 "$work/plain.key"
make_certificate "$work/plain.key" client "$work/client.crt"
cat "$work/plain.key" "$work/client.crt" > "$work/plain.pem"
expect 0 "$keystore" export "$work/plain.pem" "$work/combined.pem" --passphrase "file:$pin_file"
grep -q 'BEGIN ENCRYPTED PRIVATE KEY' "$work/combined.pem" || fail "the key is not encrypted"
expect 0 "$keystore" export "$work/plain.pem" "$work/bundle.pfx" --passphrase "file:$pin_file"
expect 0 "$keystore" import "$work/plain.pem" pkcs11:token=test --label client --pin "file:$pin_file"
rm "$work/plain.key" "$work/plain.pem"

# What curl reads: the combined PEM itself, and references that stand in its place.
for place in "pfx:$work/bundle.pfx" 'pkcs11:token=test;object=client;type=private'; do
  name=${place%%:*}
  expect 0 "$keystore" ref "$place" --pin "file:$pin_file" --no-pin-source --out "$work/$name.pem"
  cat "$work/client.crt" >> "$work/$name.pem"
done
mv "$work/combined.pem" "$work/file.pem"

for place in file pfx pkcs11; do
  cp "$work/$place.pem" "$work/client.pem"
  for version in "${versions[@]}"; do
    expect 0 with_provider default-first curl -sS --max-time 20 --noproxy '*' --cacert "$work/ca.crt" \
      --cert "$work/client.pem" --pass "$secret" "--tlsv$version" --tls-max "$version" "https://localhost:$port/"
    grep -q 'Subject: CN *= *client' "$work/out" || fail "curl showed no certificate: $place, TLS $version"
  done
  # The wrong secret is no crash and no hang: curl says that it has no key (58), or no connection.
  status=0
  with_provider default-first curl -sS --max-time 20 --noproxy '*' --cacert "$work/ca.crt" \
    --cert "$work/client.pem" --pass guess "https://localhost:$port/" > "$work/out" 2>&1 || status=$?
  [ "$status" -eq 58 ] || [ "$status" -eq 35 ] || fail "a wrong secret with $place: status $status"
  [ "$place" != pkcs11 ] || expect 0 "$keystore" ls pkcs11:token=test --pin "file:$pin_file"
done

# The C++ program: the URI alone says where the key is.
for place in "file:$work/file.pem" "pfx:$work/bundle.pfx" 'pkcs11:token=test;object=client'; do
  printf '[identities.client]\nkey = "%s"\npin = "file:%s"\n' "$place" "$pin_file" > "$work/identity.toml"
  keystore_toml "$module"
  cat "$work/identity.toml" >> "$KEYSTORE_CONFIG"
  expect 0 "$client" localhost "$port" "$work/ca.crt" keystore:client
  grep -q 'Subject: CN *= *client' "$work/out" || fail "the program showed no certificate: $place"
done
running server || fail "the server ended"
