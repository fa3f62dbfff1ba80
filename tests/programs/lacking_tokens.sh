#!/bin/bash
# s_server and s_client with keys on tokens that lack mechanisms: libssl takes a scheme that the
# token can do, messages go to tokens that hash by themselves, and what cannot be done is said.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
make_token
faults=$work/faults
cat > "$KEYSTORE_CONFIG" << END
[modules.lacking]
path = "$KEYSTORE_BUILD/tests/tokens/libkeystore-test-token.so"
env = { SOFTHSM2_CONF = "$SOFTHSM2_CONF", KEYSTORE_TEST_MODULE = "$module", KEYSTORE_TEST_FAULTS = "$faults" }
END
: > "$faults"
types=(rsa2048 p256)
for type in "${types[@]}"; do put_on_token "$type"; done
ours=$(provider_conf default-first)

plain=0x1               # CKM_RSA_PKCS
raw=0x3                 # CKM_RSA_X_509
pss=0xD                 # CKM_RSA_PKCS_PSS
pkcs1_but_sha256='0x6 0x41 0x42 0x46'  # CKM_SHA1_RSA_PKCS and so on
pss_but_sha256='0xE 0x44 0x45 0x47'
pss_sha256=0x43

# token ROW…: the token is so from now on; the references say what is left.
token() {
  printf '%s\n' "$@" > "$faults.new"
  mv "$faults.new" "$faults"
  for type in "${types[@]}"; do
    expect 0 "$keystore" ref --refresh "$work/$type.ref" --pin "file:$pin_file"
  done
}

listens() { grep -q ACCEPT "$work/server.log" || ! running server; }

# serve TYPE OPTION…: one connection.
serve() {
  local type=$1
  shift
  port=$(free_port)
  start server env OPENSSL_CONF="$ours" openssl s_server -accept "127.0.0.1:$port" -naccept 1 -www \
    -cert "$work/$type.crt" -key "$work/$type.ref" "$@"
  wait_until 10 listens || fail "s_server does not start: $type"
}

# connect STATUS OPTION…
connect() {
  local status=$1
  shift
  expect "$status" openssl s_client -connect "127.0.0.1:$port" -CAfile "$work/ca.crt" "$@" < /dev/null
  finish server || fail "s_server ends with status $?"
}

# signed TYPE DIGEST: what the other side saw.
signed() {
  grep -q "Peer signing digest: $2\$" "$work/out" && grep -q "Peer signature type: $1\$" "$work/out" ||
    fail "not $1 with $2: $(grep Peer "$work/out")"
}

token "without $pss $pss_sha256 $pss_but_sha256"
serve rsa2048
connect 0 -tls1_3
signed RSA-PSS SHA256
serve rsa2048
connect 0 -tls1_2 -sigalgs RSA-PSS+SHA384
signed RSA-PSS SHA384

token "without $plain $raw $pss $pss_but_sha256 $pkcs1_but_sha256"
serve rsa2048
connect 0 -tls1_3 -sigalgs RSA-PSS+SHA384:RSA-PSS+SHA256
signed RSA-PSS SHA256
serve rsa2048
connect 0 -tls1_2 -sigalgs RSA+SHA512:RSA+SHA256
signed RSA SHA256

token "without $plain $raw $pss $pss_sha256 $pss_but_sha256 $pkcs1_but_sha256"
serve rsa2048 -sigalgs RSA+SHA256
connect 0 -tls1_2
signed RSA SHA256
serve rsa2048
connect 1 -tls1_3
grep -q 'makes no RSA-PSS signatures with SHA2-256; it can rsa_pkcs1_sha256' "$work/server.log" ||
  fail "the server does not say what the token lacks"

token 'without 0x1041' 'hashing 0x1044'  # CKM_ECDSA, CKM_ECDSA_SHA256
serve p256
connect 0 -tls1_3
signed ECDSA SHA256
serve p256
connect 0 -tls1_2 -sigalgs ECDSA+SHA512:ECDSA+SHA256
signed ECDSA SHA256

# A client of TLS 1.2 signs every message of the handshake before.
make_key p256 "$work/server.key"
make_certificate "$work/server.key" server "$work/server.crt"
port=$(free_port)
start server openssl s_server -accept "127.0.0.1:$port" -naccept 1 -www -cert "$work/server.crt" \
  -key "$work/server.key" -Verify 2 -verify_return_error -CAfile "$work/ca.crt"
wait_until 10 listens || fail "s_server does not start"
OPENSSL_CONF=$ours connect 0 -tls1_2 -cert "$work/p256.crt" -key "$work/p256.ref"

head -c 300000 /dev/urandom > "$work/message"
OPENSSL_CONF=$ours expect 0 openssl dgst -sha256 -sign "$work/p256.ref" -out "$work/signature" "$work/message"
expect 0 openssl dgst -sha256 -verify "$work/p256.pub" -signature "$work/signature" "$work/message"
OPENSSL_CONF=$ours expect 1 openssl dgst -sha384 -sign "$work/p256.ref" "$work/message"
grep -q 'makes no ECDSA signatures with SHA2-384; it can ecdsa_secp256r1_sha256' "$work/err" ||
  fail "the digest is not refused by name"
OPENSSL_CONF=$ours expect 0 openssl req -new -key "$work/p256.ref" -subj /CN=x -out "$work/request"
expect 0 openssl req -in "$work/request" -verify -noout

head -c 17000000 /dev/zero > "$work/message"
OPENSSL_CONF=$ours expect 1 openssl dgst -sha256 -sign "$work/p256.ref" "$work/message"
grep -q 'longer than 16777216 octets' "$work/err" || fail "a message too long is not refused by name"
