# Sourced by the scripts here: keys on a SoftHSM token, their references and certificates.
. "$KEYSTORE_SOURCE/tests/support/lib.sh"
witness_crashes

types=(p256 p384 rsa2048 rsa3072 ed25519)
orders=(default-first ours-first preferred)
versions=(1.2 1.3)

# make_token: the token `test`, and a CA.
make_token() {
  make_ca
  chmod 711 "$work"
  softhsm_token test
}

# make_ca: by plain OpenSSL.
make_ca() {
  [ -x "$keystore" ] && [ -f "$provider" ] || fail "the command and the provider are not built"
  need openssl curl "$python"
  make_key p256 "$work/ca.key"
  expect 0 openssl req -x509 -new -key "$work/ca.key" -subj '/CN=Test CA' -days 30 -out "$work/ca.crt"
}

# make_key TYPE FILE: by plain OpenSSL.
make_key() {
  local options
  case $1 in
    p256) options=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256) ;;
    p384) options=(-algorithm EC -pkeyopt ec_paramgen_curve:P-384) ;;
    rsa*) options=(-algorithm RSA -pkeyopt "rsa_keygen_bits:${1#rsa}") ;;
    ed25519) options=(-algorithm ED25519) ;;
  esac
  expect 0 openssl genpkey "${options[@]}" -out "$2"
}

# make_certificate KEY NAME FILE: by the CA, for servers and clients.
make_certificate() {
  expect 0 openssl req -new -key "$1" -subj "/CN=$2" -out "$work/csr"
  printf 'subjectAltName=DNS:%s.test,DNS:localhost\n' "$2" > "$work/extensions"
  expect 0 openssl x509 -req -in "$work/csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -days 20 \
    -CAcreateserial -extfile "$work/extensions" -out "$3"
}

# make_crls CERTIFICATE: the CA's empty.crl, and full.crl in which it is revoked.
make_crls() {
  : > "$work/index"
  printf '%s\n' '[ca]' 'default_ca = d' '[d]' "database = $work/index" 'default_md = sha256' \
    'default_crl_days = 30' > "$work/ca.cnf"
  local authority=(openssl ca -config "$work/ca.cnf" -cert "$work/ca.crt" -keyfile "$work/ca.key")
  expect 0 "${authority[@]}" -gencrl -out "$work/empty.crl"
  expect 0 "${authority[@]}" -revoke "$1"
  expect 0 "${authority[@]}" -gencrl -out "$work/full.crl"
}

# put_on_token TYPE: the token holds the key under that label; beside $work/TYPE.crt and TYPE.pub
# stands the reference TYPE.ref and nothing else of the key.
put_on_token() {
  make_key "$1" "$work/$1.key"
  expect 0 openssl pkey -in "$work/$1.key" -pubout -out "$work/$1.pub"
  make_certificate "$work/$1.key" "$1" "$work/$1.crt"
  expect 0 "$keystore" import "$work/$1.key" pkcs11:token=test --label "$1" --pin "file:$pin_file"
  expect 0 "$keystore" ref "pkcs11:token=test;object=$1;type=private" --pin "file:$pin_file" \
    --out "$work/$1.ref"
  rm "$work/$1.key"
  grep -q 'BEGIN KEYSTORE KEY REFERENCE' "$work/$1.ref" || fail "no reference was written"
}

# provider_conf ORDER: the configuration file that a user would name in OPENSSL_CONF.
provider_conf() {
  [ -f "$work/$1.cnf" ] || openssl_conf "$1" "$work/$1.cnf"
  echo "$work/$1.cnf"
}

# with_provider ORDER COMMAND…: runs it with that file.
with_provider() {
  local conf
  conf=$(provider_conf "$1")
  shift
  OPENSSL_CONF=$conf "$@"
}

# fetch HOST PORT VERSION: what the server there answers to a plain curl.
fetch() {
  curl -sS --max-time 20 --noproxy '*' --cacert "$work/ca.crt" --resolve "$1:$2:127.0.0.1" \
    "--tlsv$3" --tls-max "$3" "https://$1:$2/"
}
