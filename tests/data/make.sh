#!/bin/bash
# Makes the keys and certificates in pem/ anew, with OpenSSL, GnuTLS and OpenSSH; they are
# committed, so this is for the record. Every passphrase is "open sesame". Nothing expires before 2125.
set -eu
cd "$(dirname "$0")/pem"
rm -f -- *
pass=(-passout 'pass:open sesame')
days=(-days 36500)

genpkey() { openssl genpkey -out "$@" 2>/dev/null; }

genpkey rsa.pem -algorithm RSA -pkeyopt rsa_keygen_bits:2048
genpkey rsa-pss.pem -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048
for curve in P-256 P-384 P-521; do
  genpkey "ec-${curve,,}.pem" -algorithm EC -pkeyopt "ec_paramgen_curve:$curve"
done
genpkey ed25519.pem -algorithm ed25519
genpkey ed448.pem -algorithm ed448
genpkey x25519.pem -algorithm x25519

# The same keys in other forms.
openssl pkey -in rsa.pem -traditional -out rsa-traditional.pem
openssl pkey -in rsa.pem -traditional -aes256 "${pass[@]}" -out rsa-traditional-aes256.pem
openssl rsa -in rsa.pem -outform DER -traditional -out rsa-traditional.der 2>/dev/null
openssl ecparam -name prime256v1 -genkey -out ec-with-parameters.pem
openssl ec -in ec-with-parameters.pem -no_public -out ec-private-only.pem 2>/dev/null
openssl dsaparam -genkey -noout -out dsa.pem 1024 2>/dev/null
openssl pkey -in dsa.pem -traditional -out dsa-traditional.pem
rm dsa.pem
openssl pkcs8 -topk8 -in ec-p-256.pem -v2 aes-256-cbc -v2prf hmacWithSHA256 "${pass[@]}" -out ec-pbes2.pem
openssl pkcs8 -topk8 -in ec-p-256.pem -scrypt "${pass[@]}" -out ec-scrypt.pem
openssl pkcs8 -topk8 -in ec-p-256.pem -v1 PBE-SHA1-3DES "${pass[@]}" -out ec-pbes1.pem
openssl pkcs8 -topk8 -in ec-p-256.pem -v2 aes-128-cbc "${pass[@]}" -outform DER -out ec-pbes2.der
openssl pkcs8 -topk8 -in ec-p-256.pem -nocrypt -outform DER -out ec.der
openssl pkey -in ec-p-256.pem -pubout -out ec-public.pem
openssl pkey -in ec-p-256.pem -pubout -outform DER -out ec-public.der
openssl pkcs8 -topk8 -in ec-p-256.pem -v2 aes-256-cbc -iter 20000000 "${pass[@]}" -out ec-many-iterations.pem &
certtool --generate-privkey --key-type ecdsa --curve secp256r1 --pkcs8 --password 'open sesame' \
  --outfile gnutls-pkcs8.pem 2>/dev/null
certtool --generate-privkey --key-type ed25519 --outfile gnutls-ed25519.pem 2>/dev/null
ssh-keygen -q -t ed25519 -N '' -C '' -f openssh.pem && rm openssh.pem.pub

# A root, an issuer and a server certificate.
openssl req -x509 -new -key ec-p-384.pem -subj '/O=Example/CN=Example Root' "${days[@]}" -out root.pem
openssl req -new -key rsa.pem -subj '/O=Example/CN=Example Issuer' |
  openssl x509 -req -CA root.pem -CAkey ec-p-384.pem -CAcreateserial "${days[@]}" -out issuer.pem \
    -extfile <(echo 'basicConstraints=critical,CA:true') 2>/dev/null
openssl req -new -key ec-p-256.pem -subj '/CN=web.example' |
  openssl x509 -req -CA issuer.pem -CAkey rsa.pem -CAcreateserial "${days[@]}" -out web.pem \
    -extfile <(echo 'subjectAltName=DNS:web.example') 2>/dev/null
rm -f ./*.srl
openssl x509 -in web.pem -outform DER -out web.der
openssl x509 -in root.pem -addtrust serverAuth -trustout -out root-trusted.pem
cat ec-p-256.pem web.pem issuer.pem root.pem >combined.pem
openssl pkcs12 -export -inkey ec-p-256.pem -in web.pem "${pass[@]}" -out web.p12
openssl req -new -key ec-p-256.pem -subj '/CN=web.example' -out request.pem
wait
