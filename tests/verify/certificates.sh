# Certificates of small authorities, made by openssl in the current folder. Sourced by test scripts.
# shellcheck shell=bash disable=SC2034

# make NAME SUBJECT ISSUER EXTENSIONS…: a key and a certificate; no issuer: self-signed.
make() {
  local name=$1 subject=$2 issuer=$3
  shift 3
  printf '%s\n' "$@" > "$name.ext"
  openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$name.key" 2> /dev/null ||
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$name.key"
  openssl req -new -key "$name.key" -subj "$subject" -out "$name.csr"
  local signer=(-signkey "$name.key")
  [ -z "$issuer" ] || signer=(-CA "$issuer.pem" -CAkey "$issuer.key")
  openssl x509 -req -in "$name.csr" "${signer[@]}" -days "${days:-60}" -extfile "$name.ext" -out "$name.pem" 2> /dev/null
}
ca=('basicConstraints=critical,CA:TRUE' 'keyUsage=critical,keyCertSign,cRLSign'
  'subjectKeyIdentifier=hash' 'authorityKeyIdentifier=keyid')
leaf=('basicConstraints=CA:FALSE' 'keyUsage=digitalSignature' 'extendedKeyUsage=serverAuth'
  'subjectAltName=DNS:www.example.org,DNS:*.api.example.org,IP:192.0.2.1'
  'subjectKeyIdentifier=hash' 'authorityKeyIdentifier=keyid')
