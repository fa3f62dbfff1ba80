#!/bin/bash
# The nine checks of a mutual handshake: with all in order it works; the server's certificate by another
# root, for another name, out of its time, or revoked is refused by the client, and the client's by the
# server. Real handshakes (curl, openssl s_server) fail, and the doctor names each fault.
set -eu
. "$KEYSTORE_SOURCE/tests/verify/doctor/lib.sh"
need curl

# authority NAME: a root with an index, as plain OpenSSL keeps it.
authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.pem" \
    -days 300 -subj "/CN=$1" -addext keyUsage=critical,keyCertSign,cRLSign 2> "$1.log"
  : > "$1.index"
  printf '%s\n' '[ca]' 'default_ca = this' '[this]' "database = $1.index" 'new_certs_dir = .' 'rand_serial = yes' \
    "certificate = $1.pem" "private_key = $1.key" 'default_md = sha256' 'policy = any' 'unique_subject = no' \
    'default_crl_days = 20' 'x509_extensions = leaf' 'crl_extensions = list' '[any]' 'commonName = supplied' \
    '[list]' 'authorityKeyIdentifier = keyid' '[leaf]' 'authorityKeyIdentifier = keyid' \
    'subjectKeyIdentifier = hash' 'basicConstraints = critical, CA:false' 'keyUsage = critical, digitalSignature' \
    'extendedKeyUsage = serverAuth, clientAuth' 'subjectAltName = ${ENV::SAN}' > "$1.conf"
}

# end_entity NAME AUTHORITY HOST TIME…: NAME.pem and NAME.key; TIME as `openssl ca` takes it.
end_entity() {
  local name=$1 authority=$2 host=$3
  shift 3
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.key" -out "$name.csr" \
    -subj "/CN=$name" 2> "$name.log"
  SAN=DNS:$host openssl ca -batch -notext -config "$authority.conf" -in "$name.csr" -out "$name.pem" \
    "$@" 2>> "$name.log" || fail "openssl ca: $(cat "$name.log")"
}
past=(-startdate "$(date -u -d '-40 days' +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d '-10 days' +%Y%m%d%H%M%SZ)")

authority ours
authority other
for side in server client; do
  end_entity "$side-good" ours "$side.example" -days 30
  end_entity "$side-root" other "$side.example" -days 30
  end_entity "$side-name" ours "else.example" -days 30
  end_entity "$side-time" ours "$side.example" "${past[@]}"
  end_entity "$side-revocation" ours "$side.example" -days 30
  SAN=x openssl ca -config ours.conf -revoke "$side-revocation.pem" 2> revoke.log
done
for root in ours other; do SAN=x openssl ca -config "$root.conf" -gencrl -out "$root.crl" 2> crl.log; done
cat ours.crl other.crl > both.crl

# handshake SERVER CLIENT: whether both ends were content, each with root, name, time and revocation of the other.
handshake() {
  local port curled=0
  port=$(free_port)
  start server openssl s_server -accept "127.0.0.1:$port" -www -cert "server-$1.pem" -key "server-$1.key" \
    -CAfile ours.pem -CRL ours.crl -crl_check -Verify 2 -verify_return_error -verify_hostname client.example
  wait_for_port "$port" server
  curl -sS --max-time 20 --noproxy '*' --cacert ours.pem --crlfile ours.crl --cert "client-$2.pem" --key "client-$2.key" \
    --resolve "server.example:$port:127.0.0.1" "https://server.example:$port/" > answer 2> curl.log || curled=$?
  # What the doctor sees when it connects, as this client.
  cat "client-$2.pem" "client-$2.key" > client.both
  check "tls://localhost:$port" --host server.example --trust ours.pem --crl both.crl --identity client.both
  stop server || true
  [ "$curled" -eq 0 ] && grep -q Cipher answer
}

declare -A code=([root]=chain.untrusted [name]=cert.host-mismatch [time]=cert.expired [revocation]=revoked)

as_client=(--purpose client --host client.example --trust ours.pem --crl both.crl --crl-check leaf)
handshake good good || fail "with all in order: $(cat curl.log)"
[ "$status" -eq 0 ] || { show_report; fail "the doctor finds a fault where none is"; }
for fault in root name time revocation; do
  ! handshake "$fault" good || fail "the client believes a server with a wrong $fault"
  grep -q '^curl: (60)' curl.log || fail "it is not the client who refuses: $(cat curl.log)"
  [ "$(ask "'error ${code[$fault]}' in codes")" = True ] || { show_report; fail "no ${code[$fault]} at the server"; }

  ! handshake good "$fault" || fail "the server believes a client with a wrong $fault"
  ! grep -q '^curl: (60)' curl.log || fail "it is the client who refuses: $(cat curl.log)"
  check "client-$fault.pem" "client-$fault.key" "${as_client[@]}"
  [ "$status $(ask "'error ${code[$fault]}' in codes")" = '1 True' ] ||
    { show_report; fail "no ${code[$fault]} at the client"; }
done
found 0 '' client-good.pem client-good.key "${as_client[@]}"
