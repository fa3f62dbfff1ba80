#!/bin/bash
# What the openssl command does with keys on a token, in every provider order, checked by plain
# OpenSSL: certificates, requests, CMS, stores, all RSA paddings.
set -eu
. "$KEYSTORE_SOURCE/tests/bindings/openssl/keys.sh"
make_token
message=$work/message
head -c 3000 /dev/urandom > "$message"
head -c 60 "$message" > "$work/short"

issues_certificates() {
  local type=$1 order=$2
  ours "$order" openssl req -new -key "$work/$type.ref" -subj "/CN=new" -out "$work/request"
  expect 0 openssl req -in "$work/request" -verify -noout
  ours "$order" openssl req -x509 -new -key "$work/$type.ref" -subj "/CN=own CA" -days 9 \
    -addext basicConstraints=critical,CA:TRUE -out "$work/own.crt"
  ours "$order" openssl x509 -req -in "$work/request" -CA "$work/own.crt" -CAkey "$work/$type.ref" \
    -set_serial 7 -days 5 -out "$work/issued.crt"
  expect 0 openssl verify -CAfile "$work/own.crt" "$work/issued.crt"
  ours "$order" openssl x509 -in "$work/$type.crt" -signkey "$work/$type.ref" -days 4 -out "$work/renewed"
  expect 0 openssl verify -CAfile "$work/renewed" "$work/renewed"
}

shows_public_key() {
  local type=$1 order=$2
  ours "$order" openssl pkey -in "$work/$type.ref" -pubout -out "$work/pub"
  cmp -s "$work/pub" "$work/$type.pub" || fail "another public key: $type, $order"
  ours "$order" openssl pkey -in "$work/$type.ref" -pubcheck -noout
}

lists_stores() {
  local type=$1 order=$2 uri
  uri=$(cat "$work/$type.uri")
  ours "$order" openssl storeutl -keys -noout "$uri"
  grep -q 'Total found: 1' "$work/out" || fail "storeutl lists $(cat "$work/out")"
  ours "$order" openssl pkey -in "$uri" -pubout -out "$work/pub"
  cmp -s "$work/pub" "$work/$type.pub" || fail "another public key by URI: $type, $order"
}

signs_hashed() {
  local type=$1 order=$2 digest
  for digest in sha1 sha256 sha384 sha512 sha3-256; do
    ours "$order" openssl dgst "-$digest" -sign "$work/$type.ref" -out "$work/sig" "$message"
    expect 0 openssl dgst "-$digest" -verify "$work/$type.pub" -signature "$work/sig" "$message"
    openssl dgst "-$digest" -binary -out "$work/digest" "$message"
    ours "$order" openssl pkeyutl -sign -inkey "$work/$type.ref" -in "$work/digest" -out "$work/sig" \
      -pkeyopt "digest:$digest"
    expect 0 openssl pkeyutl -verify -pubin -inkey "$work/$type.pub" -in "$work/digest" \
      -sigfile "$work/sig" -pkeyopt "digest:$digest"
    ours "$order" openssl pkeyutl -verify -inkey "$work/$type.ref" -in "$work/digest" \
      -sigfile "$work/sig" -pkeyopt "digest:$digest"
  done
}

pss_signs() {
  local order=$1 salt digest
  for digest in sha256 sha512; do
    for salt in digest max auto 0 20; do
      local options=(-sigopt rsa_padding_mode:pss -sigopt "rsa_pss_saltlen:$salt" -sigopt rsa_mgf1_md:sha256)
      ours "$order" openssl dgst "-$digest" "${options[@]}" -sign "$work/rsa2048.ref" -out "$work/sig" "$message"
      options[3]=rsa_pss_saltlen:auto
      expect 0 openssl dgst "-$digest" "${options[@]}" -verify "$work/rsa2048.pub" -signature "$work/sig" "$message"
    done
  done
  ours "$order" openssl req -new -key "$work/rsa2048.ref" -subj /CN=pss -out "$work/request" -sha384 \
    -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sigopt rsa_mgf1_md:sha256
  expect 0 openssl req -in "$work/request" -verify -noout
  expect 0 openssl req -in "$work/request" -noout -text
  grep -qi 'salt length: 0x20' "$work/out" || fail "the request does not tell its salt length"
  grep -qi 'mask algorithm: mgf1 with sha256' "$work/out" || fail "the request does not tell its MGF1 digest"
}

raw_rsa_works() {
  local order=$1
  { printf '\0'; head -c 255 /dev/urandom; } > "$work/block"
  ours "$order" openssl rsautl -sign -raw -inkey "$work/rsa2048.ref" -in "$work/block" -out "$work/sig"
  expect 0 openssl pkeyutl -verifyrecover -pubin -inkey "$work/rsa2048.pub" -in "$work/sig" \
    -pkeyopt rsa_padding_mode:none -out "$work/recovered"
  cmp -s "$work/block" "$work/recovered" || fail "raw RSA signs something else"
  ours "$order" openssl pkeyutl -sign -inkey "$work/rsa2048.ref" -in "$work/short" -out "$work/sig"
  ours "$order" openssl pkeyutl -verifyrecover -inkey "$work/rsa2048.ref" -in "$work/sig" -out "$work/recovered"
  cmp -s "$work/short" "$work/recovered" || fail "PKCS#1 without digest signs something else"
}

decrypts() {
  local order=$1 options
  for options in rsa_padding_mode:pkcs1 rsa_padding_mode:oaep \
    'rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha1'; do
    # shellcheck disable=SC2086  # several words on purpose
    expect 0 openssl pkeyutl -encrypt -pubin -inkey "$work/rsa2048.pub" -in "$work/short" \
      -out "$work/ciphertext" -pkeyopt $options
    # shellcheck disable=SC2086
    ours "$order" openssl pkeyutl -decrypt -inkey "$work/rsa2048.ref" -in "$work/ciphertext" \
      -out "$work/plain" -pkeyopt $options
    cmp -s "$work/short" "$work/plain" || fail "decrypts to something else: $options, $order"
  done
  ours "$order" openssl pkeyutl -encrypt -inkey "$work/rsa2048.ref" -in "$work/short" -out "$work/ciphertext"
  ours "$order" openssl pkeyutl -decrypt -inkey "$work/rsa2048.ref" -in "$work/ciphertext" -out "$work/plain"
  cmp -s "$work/short" "$work/plain" || fail "does not decrypt what it encrypted itself"
}

# signs_cms TYPE ORDER OPTION…
signs_cms() {
  local type=$1 order=$2
  ours "$order" openssl cms -sign -binary -in "$message" -signer "$work/$type.crt" -inkey "$work/$type.ref" \
    "${@:3}" -outform DER -out "$work/cms"
  expect 0 openssl cms -verify -binary -inform DER -in "$work/cms" -content "$message" \
    -CAfile "$work/ca.crt" -purpose any
}

does_cms() {
  local type=$1 order=$2 pss=(-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:32)
  signs_cms "$type" "$order"
  ours "$order" openssl smime -sign -in "$work/ca.crt" -signer "$work/$type.crt" -inkey "$work/$type.ref" \
    -out "$work/mail"
  expect 0 openssl smime -verify -in "$work/mail" -CAfile "$work/ca.crt" -purpose any
  if [ "$type" = rsa2048 ]; then
    signs_cms "$type" "$order" "${pss[@]}"
    expect 0 openssl cms -cmsout -print -noout -inform DER -in "$work/cms"
    grep -q 'algorithm: rsassaPss' "$work/out" || fail "not signed by PSS: $order"
  fi
  expect 0 openssl cms -encrypt -binary -in "$message" -outform DER -out "$work/cms" -aes256 "$work/$type.crt"
  ours "$order" openssl cms -decrypt -inform DER -in "$work/cms" -inkey "$work/$type.ref" \
    -recip "$work/$type.crt" -out "$work/plain"
  cmp -s "$message" "$work/plain" || fail "CMS decrypts to something else: $type, $order"
}

derives() {
  local type=$1 order=$2
  make_key "$type" "$work/peer.key"
  expect 0 openssl pkey -in "$work/peer.key" -pubout -out "$work/peer.pub"
  expect 0 openssl pkeyutl -derive -inkey "$work/peer.key" -peerkey "$work/$type.pub" -out "$work/theirs"
  ours "$order" openssl pkeyutl -derive -inkey "$work/$type.ref" -peerkey "$work/peer.pub" -out "$work/mine"
  cmp -s "$work/theirs" "$work/mine" || fail "derives another secret: $type, $order"
}

# The program's own keys, in files, are none of our business, whatever the order.
leaves_files_alone() {
  local type=$1 order=$2
  ours "$order" openssl dgst -sha256 -sign "$work/$type.key" -out "$work/sig" "$message"
  ours "$order" openssl pkey -in "$work/$type.key" -text -noout
  ours "$order" openssl req -x509 -new -key "$work/$type.key" -subj /CN=file -days 3 -out "$work/file.crt"
  expect 0 openssl verify -CAfile "$work/file.crt" "$work/file.crt"
}

generates() {
  local type=$1 order=$2 options
  case $type in
    rsa2048) options=(-algorithm RSA -pkeyopt rsa_keygen_bits:2048) ;;
    p256) options=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256) ;;
    p384) options=(-algorithm EC -pkeyopt ec_paramgen_curve:P-384) ;;
    p521) options=(-algorithm EC -pkeyopt ec_paramgen_curve:P-521) ;;
    ed*) options=(-algorithm "$type") ;;
  esac
  ours "$order" openssl genpkey "${options[@]}" -out "$work/made.key"
  expect 0 openssl pkey -in "$work/made.key" -check -noout
  ours "$order" openssl ecparam -name P-256 -genkey -noout -out "$work/made.key"
  ours "$order" openssl ec -in "$work/made.key" -noout -text
  ours "$order" openssl genpkey "${options[@]}" -aes256 -pass pass:x -out "$work/made.key"
  expect 0 openssl pkey -in "$work/made.key" -passin pass:x -noout
  ours "$order" openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/made.key" -subj /CN=made \
    -days 3 -out "$work/made.crt"
  expect 0 openssl verify -CAfile "$work/made.crt" "$work/made.crt"
}

# acts_as_authority TYPE: openssl ca with its database, a certificate, its revocation and a CRL.
acts_as_authority() {
  local type=$1 order=$2 digest=sha256
  case $type in ed*) digest=default ;; esac
  rm -rf "$work/authority"
  mkdir "$work/authority"
  : > "$work/authority/index"
  echo 1000 > "$work/authority/serial"
  echo 1000 > "$work/authority/crlnumber"
  cp "$work/$order.cnf" "$work/authority.cnf"
  cat >> "$work/authority.cnf" << END
[ca]
default_ca = authority
[authority]
dir = $work/authority
database = \$dir/index
new_certs_dir = \$dir
serial = \$dir/serial
crlnumber = \$dir/crlnumber
default_md = $digest
default_days = 5
default_crl_days = 5
policy = any
[any]
commonName = supplied
END
  local by=(-batch -cert "$work/authority.crt" -keyfile "$work/$type.ref")
  ours "$order" openssl req -x509 -new -key "$work/$type.ref" -subj "/CN=authority" -days 9 \
    -addext basicConstraints=critical,CA:TRUE -out "$work/authority.crt"
  expect 0 openssl req -new -key "$work/ca.key" -subj /CN=issued -out "$work/request"
  ours authority openssl ca "${by[@]}" -in "$work/request" -out "$work/issued.crt" -notext
  expect 0 openssl verify -CAfile "$work/authority.crt" "$work/issued.crt"
  ours authority openssl ca "${by[@]}" -revoke "$work/issued.crt"
  ours authority openssl ca "${by[@]}" -gencrl -out "$work/crl"
  expect 0 openssl crl -in "$work/crl" -CAfile "$work/authority.crt" -noout
  expect 2 openssl verify -crl_check -CRLfile "$work/crl" -CAfile "$work/authority.crt" "$work/issued.crt"
}

for order in "${orders[@]}"; do
  for type in "${types[@]}"; do
    acts_as_authority "$type" "$order"
    shows_public_key "$type" "$order"
    lists_stores "$type" "$order"
    issues_certificates "$type" "$order"
    [[ $type = ed* ]] || does_cms "$type" "$order"
    [[ $type = ed* ]] || leaves_files_alone "$type" "$order"
    generates "$type" "$order"
    case $type in
      rsa2048) signs_hashed "$type" "$order" ;;
      p*) signs_hashed "$type" "$order"; derives "$type" "$order" ;;
    esac
  done
  pss_signs "$order"
  raw_rsa_works "$order"
  decrypts "$order"
done
