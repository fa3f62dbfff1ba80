#!/bin/bash
# RSA with every padding, digest and parameter that the openssl command can ask for, and keys that
# are restricted to PSS, checked by plain OpenSSL.
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/openssl/keys.sh"
types=(rsa2048 pss pss-sha256)
make_token
cd "$work"
head -c 3000 /dev/urandom > message
head -c 60 message > short
order=default-first

sha2=(sha224 sha256 sha384 sha512 sha512-224 sha512-256)
sha3=(sha3-224 sha3-256 sha3-384 sha3-512)

# signs TYPE DIGEST SIGNING-OPTION… -- VERIFYING-OPTION…: of a message, and of its digest.
signs() {
  local type=$1 digest=$2 signing=() verifying=() option
  shift 2
  while [ "$1" != -- ]; do signing+=("$1"); shift; done
  shift
  verifying=("$@")
  local of_message=() of_digest=()
  for option in "${signing[@]}"; do of_message+=(-sigopt "$option"); of_digest+=(-pkeyopt "$option"); done
  local check_message=() check_digest=()
  for option in "${verifying[@]}"; do check_message+=(-sigopt "$option"); check_digest+=(-pkeyopt "$option"); done
  ours "$order" openssl dgst "-$digest" "${of_message[@]}" -sign "$type.ref" -out sig message
  expect 0 openssl dgst "-$digest" "${check_message[@]}" -verify "$type.pub" -signature sig message
  ours "$order" openssl dgst "-$digest" "${check_message[@]}" -verify "$type.pub" -signature sig message
  openssl dgst "-$digest" -binary -out digest message
  ours "$order" openssl pkeyutl -sign -inkey "$type.ref" -in digest -out sig -pkeyopt "digest:$digest" "${of_digest[@]}"
  expect 0 openssl pkeyutl -verify -pubin -inkey "$type.pub" -in digest -sigfile sig -pkeyopt "digest:$digest" "${check_digest[@]}"
  ours "$order" openssl pkeyutl -verify -inkey "$type.ref" -in digest -sigfile sig -pkeyopt "digest:$digest" "${check_digest[@]}"
}

signs_pkcs1() {
  local digest
  for digest in sha1 "${sha2[@]}" "${sha3[@]}"; do
    signs rsa2048 "$digest" rsa_padding_mode:pkcs1 -- rsa_padding_mode:pkcs1
  done
  refused 'digest md5 is not one that signatures here use' openssl dgst -md5 -sign rsa2048.ref -out sig message
}

# The verifier that is told the salt length proves it; `auto` and `max` are what there is room for.
signs_pss() {
  local digest mgf salt
  for digest in sha1 "${sha2[@]}" sha3-256; do
    for mgf in "$digest" sha1 sha512-256 sha3-512; do
      signs rsa2048 "$digest" rsa_padding_mode:pss "rsa_mgf1_md:$mgf" rsa_pss_saltlen:digest -- \
        rsa_padding_mode:pss "rsa_mgf1_md:$mgf" rsa_pss_saltlen:digest
    done
  done
  for salt in 0 1 20 222; do
    signs rsa2048 sha256 rsa_padding_mode:pss "rsa_pss_saltlen:$salt" -- rsa_padding_mode:pss "rsa_pss_saltlen:$salt"
  done
  for salt in auto max; do
    signs rsa2048 sha256 rsa_padding_mode:pss "rsa_pss_saltlen:$salt" -- rsa_padding_mode:pss rsa_pss_saltlen:222
  done
  refused 'too short for this PSS digest and salt' openssl dgst -sha256 -sigopt rsa_padding_mode:pss \
    -sigopt rsa_pss_saltlen:223 -sign rsa2048.ref -out sig message
}

decrypts_oaep() {
  local digest mgf label
  for digest in sha1 sha256 sha512-256 sha3-384; do
    for mgf in sha1 sha256 sha3-256; do
      for label in '' 616263; do
        local options=(-pkeyopt rsa_padding_mode:oaep -pkeyopt "rsa_oaep_md:$digest" -pkeyopt "rsa_mgf1_md:$mgf")
        [ -z "$label" ] || options+=(-pkeyopt "rsa_oaep_label:$label")
        expect 0 openssl pkeyutl -encrypt -pubin -inkey rsa2048.pub -in short -out ciphertext "${options[@]}"
        ours "$order" openssl pkeyutl -decrypt -inkey rsa2048.ref -in ciphertext -out plain "${options[@]}"
        cmp -s short plain || fail "decrypts to something else: $digest, $mgf, '$label'"
        ours "$order" openssl pkeyutl -encrypt -inkey rsa2048.ref -in short -out ciphertext "${options[@]}"
        expect 0 openssl pkeyutl -decrypt -inkey rsa2048.key -in ciphertext -out plain "${options[@]}"
        cmp -s short plain || fail "encrypts something else: $digest, $mgf, '$label'"
      done
    done
  done
  expect 0 openssl pkeyutl -encrypt -pubin -inkey rsa2048.pub -in short -out ciphertext \
    -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_label:616263
  refused 'does not decrypt' openssl pkeyutl -decrypt -inkey rsa2048.ref -in ciphertext -out plain \
    -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_label:616264
}

# Certificates and requests say id-RSASSA-PSS of the key too, with its parameters (RFC 4055, 3.1).
serves_restricted_keys() {
  local type
  for type in pss pss-sha256; do
    ours "$order" openssl pkey -in "$type.ref" -pubout -out pub
    cmp -s pub "$type.pub" || fail "the restriction of $type is lost"
    signs "$type" sha256 rsa_pss_saltlen:32 -- rsa_pss_saltlen:32
    ours "$order" openssl req -new -key "$type.ref" -subj /CN=pss -out request
    expect 0 openssl req -in request -verify -noout
    expect 0 openssl req -in request -noout -pubkey
    cmp -s out "$type.pub" || fail "the request has another public key: $type"
    ours "$order" openssl req -x509 -new -key "$type.ref" -subj /CN=pss -days 3 -out self
    expect 0 openssl verify -CAfile self self
    ours "$order" openssl cms -sign -binary -in message -signer "$type.crt" -inkey "$type.ref" \
      -keyopt rsa_padding_mode:pss -outform DER -out cms
    expect 0 openssl cms -verify -binary -inform DER -in cms -content message -CAfile ca.crt -purpose any
    refused 'the key is restricted to PSS' openssl dgst -sha256 -sigopt rsa_padding_mode:pkcs1 \
      -sign "$type.ref" -out sig message
  done
  signs pss sha512 rsa_mgf1_md:sha1 rsa_pss_saltlen:7 -- rsa_mgf1_md:sha1 rsa_pss_saltlen:7
  ours "$order" openssl dgst -sign pss-sha256.ref -out sig message
  expect 0 openssl dgst -sha256 -verify pss-sha256.pub -signature sig message
  refused 'restricted to PSS with SHA2-256' openssl dgst -sha384 -sign pss-sha256.ref -out sig message
  refused 'restricted to others' openssl dgst -sha256 -sigopt rsa_pss_saltlen:31 -sign pss-sha256.ref \
    -out sig message
}

# A token that keeps no restriction: the certificate has it.
takes_restriction_from_certificate() {
  openssl rsa -in pss-sha256.key -traditional 2> err | sed "s/RSA-PSS PRIVATE/RSA PRIVATE/" > unrestricted.key
  expect 0 "$keystore" import unrestricted.key pkcs11:token=test --label plain --id 01 --pin "file:$pin_file"
  expect 0 "$keystore" ref 'pkcs11:token=test;object=plain' --pin "file:$pin_file" \
    --certificate pss-sha256.crt --out plain.ref
  ours "$order" openssl pkey -in plain.ref -pubout -out pub
  cmp -s pub pss-sha256.pub || fail 'the certificate does not restrict the key'
  ours "$order" openssl dgst -sign plain.ref -out sig message
  expect 0 openssl dgst -sha256 -verify pss-sha256.pub -signature sig message
  expect 1 "$keystore" ref 'pkcs11:token=test;object=plain' --pin "file:$pin_file" --certificate pss.crt
  grep -q 'not the one of that public key' err || fail "does not tell of the wrong certificate: $(cat err)"
}

signs_pkcs1
signs_pss
decrypts_oaep
for order in "${orders[@]}"; do serves_restricted_keys; done
order=default-first
takes_restriction_from_certificate
