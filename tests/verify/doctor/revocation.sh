#!/bin/bash
# Promise: `keystore check` finds revoked certificates, and says where a status cannot be told: by a CRL
# file, a CRL over HTTP, an OCSP responder, and a stapled response; missing intermediates are fetched.
. "$KEYSTORE_SOURCE/tests/verify/doctor/lib.sh"

mkdir www
start http "$python" "$KEYSTORE_SOURCE/tests/verify/http_server.py" www
wait_until 10 test -s http.log || fail 'there is no HTTP server'
url=http://127.0.0.1:$(head -1 http.log)
make root /CN=Root '' "${ca[@]}"
make issuing /CN=Issuing root "${ca[@]}"
places=("crlDistributionPoints=URI:$url/issuing.crl"
  "authorityInfoAccess=OCSP;URI:$url/ocsp/issuing,caIssuers;URI:$url/issuing.der")
make good /CN=localhost issuing "${leaf[@]/DNS:www.example.org/DNS:localhost}" "${places[@]}"
make bad /CN=localhost issuing "${leaf[@]/DNS:www.example.org/DNS:localhost}" "${places[@]}"
make stapler /CN=stapler issuing "${leaf[@]/DNS:www.example.org/DNS:localhost}" tlsfeature=status_request
make responder /CN=responder issuing keyUsage=digitalSignature extendedKeyUsage=OCSPSigning \
  noCheck=ignored subjectKeyIdentifier=hash authorityKeyIdentifier=keyid
trust=(--trust root.pem)

# The authority's books.
touch index.txt
cat > ca.cnf <<'CNF'
[ca]
default_ca = issuing
[issuing]
database = index.txt
unique_subject = no
certificate = issuing.pem
private_key = issuing.key
default_md = sha256
crlnumber = crlnumber
default_crl_days = 10
CNF
echo 01 > crlnumber
openssl ca -config ca.cnf -revoke bad.pem 2>> ca.log
"$python" - good stapler <<'PY'
import subprocess, sys
for name in sys.argv[1:]:
    serial = subprocess.run(["openssl", "x509", "-in", name + ".pem", "-noout", "-serial"],
                            capture_output=True, text=True, check=True).stdout.strip().split("=")[1]
    open("index.txt", "a").write(f"V\t401231235959Z\t\t{serial}\tunknown\t/CN=localhost\n")
PY
openssl ca -config ca.cnf -gencrl -out issuing.crl.pem 2>> ca.log
openssl ca -config ca.cnf -gencrl -crldays 1 -out old.crl.pem 2>> ca.log
# A CRL in a file.
found 0 '' good.pem good.key issuing.pem "${trust[@]}" --crl issuing.crl.pem
found 1 'error revoked' bad.pem bad.key issuing.pem "${trust[@]}" --crl issuing.crl.pem
found 0 'warning revocation.unknown' good.pem good.key issuing.pem "${trust[@]}" --crl-check leaf
later=$(date -u -d '+5 days' +%FT%TZ)
found 0 'warning revocation.unknown' good.pem good.key issuing.pem "${trust[@]}" --crl old.crl.pem --at "$later"

# A CRL over HTTP, and OCSP.
fetch=(--allow-private-addresses)
found 0 'warning revocation.unknown' good.pem good.key issuing.pem "${trust[@]}" --fetch-crl "${fetch[@]}" --crl-check leaf
found 0 'warning revocation.unknown' good.pem good.key issuing.pem "${trust[@]}" --ocsp "${fetch[@]}" --crl-check leaf
openssl crl -in issuing.crl.pem -outform DER -out www/issuing.crl
openssl x509 -in issuing.pem -outform DER -out www/issuing.der
printf '%s\n' -index index.txt -CA issuing.pem -rsigner responder.pem -rkey responder.key -ndays 1 > www/issuing.ocsp
for how in --fetch-crl --ocsp; do
  found 0 '' good.pem good.key issuing.pem "${trust[@]}" "$how" "${fetch[@]}"
  found 1 'error revoked' bad.pem bad.key issuing.pem "${trust[@]}" "$how" "${fetch[@]}"
done
cp good.pem alone.pem
chmod 640 alone.pem
found 1 'error chain.incomplete' alone.pem good.key "${trust[@]}" --aia "${fetch[@]}"
mend chain.incomplete alone.pem good.key "${trust[@]}" --aia "${fetch[@]}"
found 0 '' alone.pem good.key "${trust[@]}"
[ "$(stat -c %a alone.pem)" = 640 ] || fail 'the file has another mode now'

# A server that staples.
for name in good bad; do
  openssl ocsp -index index.txt -CA issuing.pem -rsigner responder.pem -rkey responder.key -ndays 1 \
    -issuer issuing.pem -cert "$name.pem" -no_nonce -respout "$name.der" > ocsp.log 2>&1
done
serve() {
  [ -z "${started[server]:-}" ] || stop server || true
  port=$(free_port)
  start server openssl s_server -accept "127.0.0.1:$port" -www -cert_chain issuing.pem "$@"
  wait_for_port "$port" server
}
serve -cert good.pem -key good.key -status_file good.der
found 0 '' "localhost:$port" "${trust[@]}"
serve -cert bad.pem -key bad.key -status_file bad.der
found 1 'error revoked' "localhost:$port" "${trust[@]}"
serve -cert good.pem -key good.key -status_file bad.der
found 0 'warning revocation.unknown' "localhost:$port" "${trust[@]}"
serve -cert stapler.pem -key stapler.key
found 1 'error revocation.unknown' "localhost:$port" "${trust[@]}"
serve -cert bad.pem -key bad.key
found 1 'error revoked' "localhost:$port" "${trust[@]}" --ocsp "${fetch[@]}"
found 1 'error revoked' "localhost:$port" "${trust[@]}" --crl issuing.crl.pem
