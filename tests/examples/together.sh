#!/bin/bash
# The examples talk to each other: the client of every language to the server of every language, both ends
# with keys of a token.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
. "$KEYSTORE_SOURCE/tests/examples/languages.sh"
languages=(cc c py botan)
make_token
for type in rsa2048 p256 p384; do put_on_token "$type"; done
declare -A key=([cc]=rsa2048 [c]=p256 [py]=p384 [botan]=p256) port=()

for language in "${languages[@]}"; do
  port[$language]=$(free_port)
  example tls_server "$language"
  type=${key[$language]}
  start "$language" "${example[@]}" "${port[$language]}" "$work/$type.ref" "$work/$type.crt" "$work/ca.crt"
done
for language in "${languages[@]}"; do wait_for_port "${port[$language]}" "$language"; done
for server in "${languages[@]}"; do
  for language in "${languages[@]}"; do
    example tls_client "$language"
    for type in p256 rsa2048; do
      expect 0 "${example[@]}" localhost "${port[$server]}" "$work/ca.crt" \
        "pkcs11:token=test;object=$type?pin-source=file:$pin_file" "$work/$type.crt"
      grep -q "Hello, /CN=$type" "$work/out" || fail "the $language client and the $server server, $type: no answer"
    done
    expect 1 "${example[@]}" localhost "${port[$server]}" "$work/ca.crt"
  done
done
