#!/bin/bash
# The ways in which a key is named: identities of the configuration, references of pkcs11-provider,
# eager opening, and a configuration that is broken.
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/openssl/keys.sh"
types=(p256)
make_token
cd "$work"

signs_with() {
  ours default-first openssl dgst -sha256 -sign "$1" -out sig p256.crt
  expect 0 openssl dgst -sha256 -verify p256.pub -signature sig p256.crt
}

foreign_reference() {
  printf '%s\n' 'asn1 = SEQUENCE:reference' '[reference]' \
    'version = VISIBLESTRING:PKCS\#11 Provider URI v1.0' \
    "uri = UTF8:pkcs11:token=test;object=p256;type=private?pin-source=file:$pin_file" > asn1.cnf
  expect 0 openssl asn1parse -genconf asn1.cnf -noout -out foreign.der
  echo '-----BEGIN PKCS#11 PROVIDER URI-----'
  base64 -w 64 foreign.der
  echo '-----END PKCS#11 PROVIDER URI-----'
}

foreign_reference > foreign.ref
signs_with foreign.ref

printf '%s\n' '[identities.web]' 'key = "pkcs11:token=test;object=p256"' "chain = \"file:$work/p256.crt\"" \
  "pin = \"file:$pin_file\"" >> "$KEYSTORE_CONFIG"
signs_with keystore:web
ours default-first openssl storeutl -noout keystore:web
grep -q 'Total found: 2' out || fail "an identity is its key and its certificate: $(cat out)"

cp "$KEYSTORE_CONFIG" lazy.toml
printf '%s\n' '[openssl]' 'eager = true' >> "$KEYSTORE_CONFIG"
signs_with p256.ref
mv tokens elsewhere && mkdir tokens
refused "no token 'test'" openssl pkey -in p256.ref -pubout
rmdir tokens && mv elsewhere tokens

cp lazy.toml "$KEYSTORE_CONFIG"
echo 'colour = "red"' >> "$KEYSTORE_CONFIG"
refused "'identities.web.colour': unknown key" openssl pkey -in p256.ref -pubout
