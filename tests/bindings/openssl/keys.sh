# Sourced by the scripts here: a token with one key of each type, and what plain OpenSSL knows of
# them: TYPE.ref (the reference), TYPE.pub, TYPE.crt (by ca.crt), and TYPE.uri (a pkcs11: URI).
. "$KEYSTORE_SOURCE/tests/support/lib.sh"

types=(rsa2048 p256 p384 p521 ed25519 ed448)
orders=(default-first ours-first preferred)

make_key() {
  case $1 in
    p256) expect 0 openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$2" ;;
    p384) expect 0 openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$2" ;;
    rsa2048) expect 0 openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$2" ;;
    p521) expect 0 openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out "$2" ;;
    ed*) expect 0 openssl genpkey -algorithm "$1" -out "$2" ;;
    pss) expect 0 openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out "$2" ;;
    pss-sha256) expect 0 openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 \
      -pkeyopt rsa_pss_keygen_md:sha256 -pkeyopt rsa_pss_keygen_mgf1_md:sha256 \
      -pkeyopt rsa_pss_keygen_saltlen:32 -out "$2" ;;
  esac
}

make_token() {
  local type
  [ -x "$keystore" ] && [ -f "$provider" ] || fail "the command and the provider are not built"
  need openssl
  softhsm_token test
  make_key p256 "$work/ca.key"
  expect 0 openssl req -x509 -new -key "$work/ca.key" -subj '/CN=Test CA' -days 30 -out "$work/ca.crt"
  for type in "${types[@]}"; do put_on_token "$type"; done
  for order in "${orders[@]}"; do openssl_conf "$order" "$work/$order.cnf"; done
}

put_on_token() {
  local type=$1 uri="pkcs11:token=test;object=$1"
  make_key "$type" "$work/$type.key"
  expect 0 openssl pkey -in "$work/$type.key" -pubout -out "$work/$type.pub"
  expect 0 openssl req -new -key "$work/$type.key" -subj "/CN=$type" -out "$work/csr"
  expect 0 openssl x509 -req -in "$work/csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -days 20 \
    -CAcreateserial -out "$work/$type.crt"
  expect 0 "$keystore" import "$work/$type.key" pkcs11:token=test --label "$type" --pin "file:$pin_file"
  expect 0 "$keystore" ref "$uri;type=private" --pin "file:$pin_file" --out "$work/$type.ref"
  echo "$uri?pin-source=file:$pin_file" > "$work/$type.uri"
}

# ours ORDER COMMAND…: with the provider; must end with status 0.
ours() {
  local conf=$work/$1.cnf
  shift
  OPENSSL_CONF=$conf expect 0 "$@"
}

# refused TEXT COMMAND…: fails with status 1 and says TEXT.
refused() {
  local text=$1
  shift
  OPENSSL_CONF=$work/default-first.cnf expect 1 "$@"
  grep -q -- "$text" "$work/err" || { cat "$work/err" >&2; fail "does not say '$text': $*"; }
}
