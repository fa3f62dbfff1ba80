#!/bin/bash
# Promise: `keystore verify` completes chains, learns revocation by OCSP and by CRL from where
# certificates name it, believes only who is allowed to say it, keeps answers, and is neither led into
# a private network nor held up by hostile servers.
. "$KEYSTORE_SOURCE/tests/support/lib.sh"
cd "$work"
mkdir www
start server "$KEYSTORE_SOURCE/tests/verify/http_server.py" www
wait_until 10 test -s server.log || fail 'the server does not start'
url=http://127.0.0.1:$(head -1 server.log)

# make NAME SUBJECT ISSUER EXTENSIONS…: a key and a certificate; no issuer: self-signed.
make() {
  local name=$1 subject=$2 issuer=$3 signer
  shift 3
  printf '%s\n' 'subjectKeyIdentifier=hash' 'authorityKeyIdentifier=keyid' "$@" > "$name.ext"
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$name.key" 2> /dev/null
  openssl req -new -key "$name.key" -subj "$subject" -out "$name.csr"
  signer=(-signkey "$name.key")
  [ -z "$issuer" ] || signer=(-CA "$issuer.pem" -CAkey "$issuer.key" -CAcreateserial)
  openssl x509 -req -in "$name.csr" "${signer[@]}" -days 30 -extfile "$name.ext" -out "$name.pem" 2> /dev/null
  openssl x509 -in "$name.pem" -outform DER -out "www/$name.der"
}
ca=('basicConstraints=critical,CA:TRUE' 'keyUsage=critical,keyCertSign,cRLSign')
leaf=('basicConstraints=CA:FALSE' 'keyUsage=digitalSignature' 'extendedKeyUsage=serverAuth' 'subjectAltName=DNS:www.example.org')
issuers() { echo "authorityInfoAccess=caIssuers;URI:$url/$1"; }

make root /CN=Root '' "${ca[@]}"
make policy /CN=Policy root "${ca[@]}"
make regional /CN=Regional policy "${ca[@]}" "$(issuers policy.der)"
make issuing /CN=Issuing regional "${ca[@]}" "$(issuers regional.p7c)"
make web /CN=web issuing "${leaf[@]}" "$(issuers moved-issuing.der)"
openssl crl2pkcs7 -nocrl -certfile regional.pem -outform DER -out www/regional.p7c
verify() { local code=$1; shift; expect "$code" "$keystore" verify "$@"; }
said() { grep -qF -- "$1" out err || fail "no '$1' in: $(cat out err)"; }
asked() { [ "$(grep -cxF "$1" www/requests)" -eq "$2" ] || fail "$1 was not asked for $2 times: $(cat www/requests)"; }
here=(--trust root.pem --allow-private-addresses)

# All that is missing, up to the root: by DER after a redirect, by PKCS#7.
verify 1 web.pem --trust root.pem
verify 0 web.pem "${here[@]}" --aia --host www.example.org
said 'CN=Policy'
# An export is completed from the same places, each issuer behind what it issued.
cat web.key web.pem > web.both
expect 0 "$keystore" export web.both whole.pem --aia --allow-private-addresses
openssl crl2pkcs7 -nocrl -certfile whole.pem | openssl pkcs7 -print_certs -noout > out
[ "$(sed -n 's/subject=CN = //p' out | tr '\n' ' ')" = 'web Issuing Regional Policy ' ] || fail "the chain: $(cat out)"
expect 0 "$keystore" import web.both imported.pem --aia --allow-private-addresses
[ "$(grep -c 'BEGIN CERTIFICATE' imported.pem)" = 4 ] || fail "an import is not completed"
expect 0 "$keystore" export web.both unfinished.pem --aia
grep -q 'an address that is not public' err || fail "nobody is told: $(cat err)"
# Not into a private network, unless that is allowed; and nothing is fetched unasked.
: > www/requests
verify 1 web.pem --trust root.pem --aia
said 'an address that is not public'
make named /CN=named issuing "${leaf[@]}" "authorityInfoAccess=caIssuers;URI:${url/127.0.0.1/localhost}/issuing.der"
verify 1 named.pem --trust root.pem --aia
said 'an address that is not public'
verify 1 web.pem "${here[@]}"
[ ! -s www/requests ] || fail "asked for $(cat www/requests)"

# Hostile places end soon, and are named.
for hostile in 'huge:larger than' 'slow:no whole answer in 1000 ms' 'loop:again and again' 'page:is no certificate' \
    'elsewhere:not an http or https URL' 'nowhere:status 404'; do
  make hostile /CN=hostile issuing "${leaf[@]}" "$(issuers "${hostile%%:*}")"
  verify 1 hostile.pem "${here[@]}" --aia --timeout 1
  said "$url/${hostile%%:*}"
  said "${hostile#*:}"
done
verify 1 hostile.pem "${here[@]}" --aia --json
said '"not_fetched":["cannot fetch'

# OCSP: the issuer's own answer, a delegate's, and whom nobody allowed.
ocsp() { echo "authorityInfoAccess=OCSP;URI:$url/ocsp/$1"; }
serial() { openssl x509 -in "$1.pem" -noout -serial | cut -d= -f2; }
line() { printf 'V\t400101000000Z\t\t%s\tunknown\t/CN=%s\n' "$(serial "$1")" "$1"; }
revoked() { printf 'R\t400101000000Z\t260101000000Z,keyCompromise\t%s\tunknown\t/CN=%s\n' "$(serial "$1")" "$1"; }
responder() {  # NAME SIGNER [OPTION…]
  local name=$1 signer=$2
  shift 2
  printf '%s\n' -index index -CA root.pem -rsigner "$signer.pem" -rkey "$signer.key" "$@" > "www/$name.ocsp"
}
make delegate /CN=Responder root 'keyUsage=digitalSignature' 'extendedKeyUsage=OCSPSigning' 'noCheck=ignored'
make other /CN=Other '' "${ca[@]}"
make stranger /CN=Responder other 'keyUsage=digitalSignature' 'extendedKeyUsage=OCSPSigning'
make unfit /CN=Unfit root 'keyUsage=digitalSignature' 'extendedKeyUsage=serverAuth'
responder issuer root -ndays 1
responder delegate delegate -ndays 1
responder stranger stranger -ndays 1
responder unfit unfit -ndays 1
: > index
for name in issuer delegate stranger unfit silent; do
  make "$name-web" "/CN=$name" root "${leaf[@]}" "$(ocsp "$name")"
  line "$name-web" >> index
done
make bad-web /CN=bad root "${leaf[@]}" "$(ocsp delegate)"
revoked bad-web >> index
verify 0 issuer-web.pem "${here[@]}" --ocsp
verify 0 delegate-web.pem "${here[@]}" --ocsp --json
said '"revocation":"good"'
verify 1 bad-web.pem "${here[@]}" --ocsp
said "'CN=bad' is revoked since 2026-01-01T00:00:00Z, keyCompromise (OCSP)"
verify 1 bad-web.pem "${here[@]}" --ocsp --soft-fail
verify 1 stranger-web.pem "${here[@]}" --ocsp
said 'did not certify the OCSP responder'
verify 1 unfit-web.pem "${here[@]}" --ocsp
said 'not for signing OCSP responses'
verify 1 silent-web.pem "${here[@]}" --ocsp
said 'is no OCSP response about the certificate'
verify 0 silent-web.pem "${here[@]}" --ocsp --soft-fail --json
said '"revocation":"unknown"'
verify 0 delegate-web.pem "${here[@]}" --ocsp --ocsp-nonce
# Hostile responders.
for hostile in 'huge:larger than' 'slow:no whole answer in 1000 ms' 'page:is no OCSP response about the certificate'; do
  make hostile /CN=hostile root "${leaf[@]}" "$(ocsp "${hostile%%:*}")"
  verify 1 hostile.pem "${here[@]}" --ocsp --timeout 1
  said "$url/ocsp/${hostile%%:*}"
  said "${hostile#*:}"
done
responder delegate delegate -ndays 1 -resp_no_certs
verify 1 delegate-web.pem "${here[@]}" --ocsp
# A response in time only; a stapled one serves as well.
responder delegate delegate -ndays 1
verify 1 delegate-web.pem "${here[@]}" --ocsp --at 2030-01-01T00:00:00Z
openssl ocsp -index index -CA root.pem -rsigner delegate.pem -rkey delegate.key -ndays 1 -issuer root.pem \
  -cert delegate-web.pem -no_nonce -respout staple.der > ocsp.log 2>&1
verify 0 delegate-web.pem --trust root.pem --ocsp-response staple.der --crl-check leaf
verify 1 issuer-web.pem --trust root.pem --ocsp-response staple.der --crl-check leaf
# Kept while it is in force: three questions, one request.
: > www/requests
for _ in 1 2 3; do echo '{"cert":"issuer-web.pem","trust":["root.pem"],"crl_check":"leaf"}'; done > questions
expect 0 "$keystore" verify --batch questions --ocsp --allow-private-addresses
[ "$(grep -c '"trusted":true' out)" -eq 3 ] || fail "batch: $(cat out)"
asked /ocsp/issuer 1

# CRLs from where certificates name them.
printf '%s\n' '[ca]' 'default_ca = root' '[root]' 'database = index' 'crlnumber = number' \
  'default_md = sha256' > ca.conf
echo 01 > number
touch index.attr
make crl-web /CN=crl root "${leaf[@]}" "crlDistributionPoints=URI:$url/root.crl"
make fallen /CN=Fallen root 'keyUsage=digitalSignature' 'extendedKeyUsage=OCSPSigning'
responder fallen fallen -ndays 1
make fallen-web /CN=fallen root "${leaf[@]}" "$(ocsp fallen)"
line fallen-web >> index
verify 0 fallen-web.pem "${here[@]}" --ocsp
revoked fallen >> index
make gone-web /CN=gone root "${leaf[@]}" "crlDistributionPoints=URI:$url/root.crl"
printf '%s\n' '[crlext]' 'authorityKeyIdentifier=keyid' >> ca.conf
# Of two lists made at one time, the one with the greater number counts, whichever comes first.
numbered() {
  openssl ca -config ca.conf -gencrl -crl_lastupdate 20260101000000Z -crl_nextupdate 20400101000000Z \
    -cert root.pem -keyfile root.key -crlexts crlext -out "$1" 2> crl.log
}
numbered first.crl
revoked gone-web >> index
numbered second.crl
verify 1 gone-web.pem --trust root.pem --crl first.crl --crl second.crl --crl-check leaf
said revoked
verify 1 gone-web.pem --trust root.pem --crl second.crl --crl first.crl --crl-check leaf
verify 0 gone-web.pem --trust root.pem --crl first.crl --crl-check leaf
openssl ca -config ca.conf -gencrl -crldays 30 -cert root.pem -keyfile root.key -crlexts crlext -out root.pem.crl 2> crl.log
openssl crl -in root.pem.crl -outform DER -out www/root.crl
verify 0 crl-web.pem "${here[@]}" --fetch-crl
# What a delegate says that is revoked itself, and does not say that nobody is to look, does not count.
sed -i "/\t$(serial fallen-web)\t/d" index
revoked fallen-web >> index
verify 1 fallen-web.pem "${here[@]}" --ocsp
said 'is revoked since'
verify 0 fallen-web.pem "${here[@]}" --ocsp --crl root.pem.crl --crl-check leaf
verify 1 gone-web.pem "${here[@]}" --fetch-crl --json
said '"revocation":"revoked"'
verify 1 crl-web.pem --trust root.pem --fetch-crl
said 'an address that is not public'
verify 1 issuer-web.pem "${here[@]}" --fetch-crl
said 'unable to get certificate CRL'
