#!/bin/bash
# tls_server.sh cc|c|py|botan: that tls_server of examples/ serves curl and openssl with keys from files and a
# token, TLS 1.2 and (but for Botan) 1.3, asks for client certificates, and shows renewed certificates without a
# restart.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
. "$KEYSTORE_SOURCE/tests/examples/languages.sh"
language=$1
make_token
example tls_server "$language"
server=("${example[@]}")

# serve KEY CERTIFICATES [CLIENT-CA]
serve() {
  port=$(free_port)
  start server "${server[@]}" "$port" "$@"
  wait_for_port "$port" server
}
stopped() { stop server || [ $? -eq 143 ] || fail "the server ended with another status than the signal's"; }
s_client() { openssl s_client -connect "127.0.0.1:$port" -verify_return_error -CAfile "$work/ca.crt" "$@" <<< Q; }

# Keys in a file, behind a reference, named by the token's URI, and of the configuration.
make_key p256 "$work/file.key"
make_certificate "$work/file.key" file "$work/file.crt"
put_on_token rsa2048
put_on_token p256
cat >> "$KEYSTORE_CONFIG" << END
[identities.web]
key = "pkcs11:token=test;object=p256"
chain = "$work/p256.crt"
pin = "file:$pin_file"
END
rows=("$work/file.key $work/file.crt" "$work/rsa2048.ref $work/rsa2048.crt" "keystore:web"
  "pkcs11:token=test;object=p256?pin-source=file:$pin_file $work/p256.crt")
for row in "${rows[@]}"; do
  read -ra words <<< "$row"
  serve "${words[@]}"
  for version in "${versions[@]}"; do
    expect 0 fetch localhost "$port" "$version"
    grep -q 'Hello, nobody' "$work/out" || fail "no answer: $row, TLS $version"
    expect 0 s_client "-tls${version/./_}" -verify_hostname localhost
    grep -q 'Verify return code: 0' "$work/out" || fail "not verified: $row, TLS $version"
  done
  stopped
done

# Clients must show a certificate that is good.
for name in client expired; do make_key p256 "$work/$name.key"; done
make_certificate "$work/client.key" client "$work/client.crt"
expect 0 openssl req -new -key "$work/expired.key" -subj /CN=expired -out "$work/csr"
mkdir "$work/db"
: > "$work/db/index"
printf '%s\n' '[ca]' 'default_ca = d' '[d]' "database = $work/db/index" "new_certs_dir = $work/db" \
  'rand_serial = yes' 'default_md = sha256' 'x509_extensions = x' 'policy = p' '[p]' 'commonName = supplied' \
  '[x]' 'basicConstraints = CA:FALSE' > "$work/ca.cnf"
expect 0 openssl ca -batch -config "$work/ca.cnf" -cert "$work/ca.crt" -keyfile "$work/ca.key" \
  -in "$work/csr" -startdate 20200101000000Z -enddate 20200201000000Z -out "$work/expired.crt"
serve "$work/p256.ref" "$work/p256.crt" "$work/ca.crt"
curl_as() {
  local name=$1 version=$2
  expect 0 curl -sS --max-time 20 --noproxy '*' --cacert "$work/ca.crt" --cert "$work/$name.crt" \
    --key "$work/$name.key" "--tlsv$version" --tls-max "$version" "https://localhost:$port/"
}
for version in "${versions[@]}"; do
  curl_as client "$version"
  grep -q 'Hello, /CN=client' "$work/out" || fail "the client is not known, TLS $version"
  expect 0 s_client "-tls${version/./_}" -cert "$work/client.crt" -key "$work/client.key"
done
refused() { ! "$@" > "$work/out" 2>&1 && ! grep -q Hello "$work/out" || fail "served: $*"; }
for version in "${versions[@]}"; do
  refused curl -sS --max-time 20 --noproxy '*' --cacert "$work/ca.crt" --cert "$work/expired.crt" \
    --key "$work/expired.key" "--tlsv$version" --tls-max "$version" "https://localhost:$port/"
  refused fetch localhost "$port" "$version"
done
expired="'CN=expired' was refused: certificate has expired"
[ "$language" != py ] || expired='certificate verify failed: certificate has expired'
[ "$language" != botan ] || expired='Certificate validation failure: Certificate has expired'
[ "$(grep -c "$expired" "$work/server.log")" = ${#versions[@]} ] ||
  fail "the log does not say why"
stopped

expect 1 "${server[@]}" 1 "$work/file.key" "$work/p256.crt"
grep -q "the certificate in 'file:$work/p256.crt' is not for key 'file:$work/file.key" "$work/err" ||
  fail "the mismatch is not named"

# Another certificate and key in place of the old ones: no restart.
cp "$work/file.key" "$work/web.key"
cp "$work/file.crt" "$work/web.crt"
serve "$work/web.key" "$work/web.crt"
shown() { s_client "-tls${versions[-1]/./_}" 2> "$work/err" | grep '^ *subject=\|^subject='; }
shown | grep -q 'CN *= *file' || fail "not the first certificate"
cp "$work/p256.crt" "$work/new"
mv "$work/new" "$work/web.crt"
wait_until 20 grep -q "web.key' stays in use as it was: the certificate in .*web.crt' is not for key" "$work/server.log" ||
  fail "the log does not say that the certificate has another key"
shown | grep -q 'CN *= *file' || fail "a certificate without its key is shown"
cp "$work/p256.ref" "$work/new"
mv "$work/new" "$work/web.key"
wait_until 20 grep -q "web.key' is in use as it is now: CN=p256" "$work/server.log" || fail "no rotation"
shown | grep -q 'CN *= *p256' || fail "not the new certificate"
stopped
