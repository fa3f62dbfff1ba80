#!/bin/bash
# A PFX that Windows exported: its key and certificate are taken onto a token, which then signs what
# the certificate verifies; the file can go.
set -eu
. "$KEYSTORE_SOURCE/tests/support/lib.sh"
need openssl
pfx=$corpus/pfx/rustcrypto/ValidCertificatePathTest1EE_windows_aes.pfx
[ -f "$pfx" ] || skip "NO CORPUS at $corpus: set KEYSTORE_CORPUS"
softhsm_token prod
printf password > "$work/passphrase"
token='pkcs11:token=prod'

expect 4 "$keystore" ls "$pfx" --passphrase pass:guess
expect 0 "$keystore" ls "$pfx" --passphrase "file:$work/passphrase" --json
"$keystore" import "$pfx" "$token" --label web --passphrase "file:$work/passphrase" \
  --pin "file:$pin_file" > "$work/imported" || fail "the import"
grep -q 'private-key' "$work/imported" || fail "no key: $(cat "$work/imported")"
grep -q 'certificate' "$work/imported" || fail "no certificate: $(cat "$work/imported")"

expect 0 "$keystore" show "$token;object=web;type=private" --pin "file:$pin_file" --json
grep -q '"extractable": *false' "$work/out" || fail "the key may leave the token"
expect 0 "$keystore" export "$pfx" "$work/certificate.pem" --passphrase "file:$work/passphrase"
openssl x509 -in "$work/certificate.pem" -noout -pubkey > "$work/public.pem"
printf 'the message' > "$work/message"
expect 0 "$keystore" sign "$token;object=web;type=private" --pin "file:$pin_file" \
  --scheme rsa_pkcs1_sha256 --in "$work/message" --out "$work/signature"
expect 0 openssl dgst -sha256 -verify "$work/public.pem" -signature "$work/signature" "$work/message"
