#!/bin/bash
# Promise: `keystore check HOST:PORT` judges what a running server shows, by name, chain and time; shows
# it an identity from any store; starts TLS in other protocols; and never waits for long.
. "$KEYSTORE_SOURCE/tests/verify/doctor/lib.sh"

make root /CN=Root '' "${ca[@]}"
make issuing /CN=Issuing root "${ca[@]}"
server=("${leaf[@]/DNS:www.example.org/DNS:www.example.org,DNS:localhost}")
make web /CN=localhost issuing "${server[@]}"
make peer /CN=peer issuing "${leaf[@]/serverAuth/clientAuth}"
make strange /CN=strange '' "${leaf[@]/serverAuth/clientAuth}"
cat web.pem issuing.pem > web-chain.pem
cat peer.key peer.pem issuing.pem > peer-combined.pem
cat strange.key strange.pem > strange-combined.pem
trust=(--trust root.pem)

# serve ARGUMENTS…: an s_server of that kind at $at.
serve() {
  [ -z "${started[server]:-}" ] || stop server || true
  port=$(free_port)
  at=localhost:$port
  start server openssl s_server -accept "127.0.0.1:$port" -www "$@"
  wait_for_port "$port" server
}

serve -cert web.pem -key web.key -cert_chain issuing.pem
found 0 '' "$at" "${trust[@]}"
found 0 '' "tls://$at" "${trust[@]}"
found 0 '' "$at" "${trust[@]}" --host www.example.org
found 1 'error cert.host-mismatch' "$at" "${trust[@]}" --host www.example.com
found 1 'error cert.host-mismatch' "127.0.0.1:$port" "${trust[@]}"
found 1 'error cert.expired' "$at" "${trust[@]}" --at "$(date -u -d '+61 days' +%FT%TZ)"
found 1 'error chain.incomplete, error chain.untrusted' "$at"
found 0 '' "$at" web.pem web.key issuing.pem "${trust[@]}"
verdicts 'ok ok ok ok'

# Internationalised names are asked for in their ASCII form, and looked up in it.
idn=("${leaf[@]/DNS:www.example.org/DNS:xn--bcher-kva.example}")
make books /CN=books issuing "${idn[@]}"
serve -cert web.pem -key web.key -cert_chain issuing.pem -servername xn--bcher-kva.example -cert2 books.pem -key2 books.key
found 1 'error chain.incomplete' "$at" "${trust[@]}" --chain issuing.pem --host bücher.example  # sent without it
found 0 '' books.pem books.key issuing.pem "${trust[@]}" --host bücher.example
found 3 '' bücher.invalid:443 "${trust[@]}"
grep -qF xn--bcher-kva.invalid "$work/report" || fail 'an internationalised name is looked up as it is'
found 2 '' 'tls://-ü.invalid' "${trust[@]}"
serve -cert web.pem -key web.key -cert_chain issuing.pem

# A file of that name is a file.
cp web.pem "$at"
found 1 'error key.missing' "$at" issuing.pem "${trust[@]}"
rm "$at"

serve -cert web.pem -key web.key
found 1 'error chain.incomplete, error chain.untrusted' "$at" "${trust[@]}"
found 1 'error chain.incomplete' "$at" "${trust[@]}" --chain issuing.pem
serve -cert web.pem -key web.key -cert_chain root.pem -CAfile root.pem
found 1 'error chain.incomplete, error chain.untrusted' "$at" "${trust[@]}"
make stray /CN=Stray root "${ca[@]}"
cat stray.pem issuing.pem > muddled.pem
serve -cert web.pem -key web.key -cert_chain muddled.pem
found 0 'warning chain.order' "$at" "${trust[@]}"
serve -cert peer.pem -key peer.key -cert_chain issuing.pem
found 1 'error cert.host-mismatch, error cert.purpose' "$at" "${trust[@]}"

# Mutual TLS.
for version in -tls1_2 -tls1_3; do
  serve -cert web.pem -key web.key -cert_chain issuing.pem -Verify 3 -verify_return_error -CAfile root.pem "$version"
  found 0 '' "$at" "${trust[@]}"
  found 0 '' "$at" "${trust[@]}" --identity peer-combined.pem
  check "$at" "${trust[@]}" --identity strange-combined.pem
  [ "$status" != 0 ] || fail "$version: a server that refuses our identity: exit 0"
  [ "$(ask '"error" in targets[0]')" = True ] || fail "$version: no error"
done
check "$at" "${trust[@]}" --identity nowhere.pem
[ "$status" = 3 ] || fail "an identity that is nowhere: exit $status"

# An identity on a token.
softhsm_token clients
"$keystore" import peer-combined.pem 'pkcs11:token=clients' --pin "file:$pin_file" > /dev/null
found 0 '' "$at" "${trust[@]}" --identity "pkcs11:token=clients?pin-source=file:$pin_file"
stop server || true

# STARTTLS.
for protocol in smtp imap postgres; do
  port=$(free_port)
  start "$protocol" "$python" "$KEYSTORE_SOURCE/tests/verify/doctor/starttls_server.py" "$protocol" "$port" web-chain.pem web.key
  wait_for_port "$port" "$protocol"
  found 0 '' "localhost:$port" "${trust[@]}" --starttls "$protocol"
  stop "$protocol" || true
done
check localhost:1 --starttls telnet
[ "$status" = 2 ] || fail "STARTTLS for telnet: exit $status"

# Servers that do not answer, or not so.
found 2 '' tls://
found 2 '' tls://localhost:0
found 2 '' 'tls://2001:db8::1'
port=$(free_port)
found 5 '' "localhost:$port"
found 3 '' tls://nobody.invalid:443
for kind in silent refusing-smtp; do
  port=$(free_port)
  start "$kind" "$python" "$KEYSTORE_SOURCE/tests/verify/doctor/starttls_server.py" "$kind" "$port" web-chain.pem web.key
  wait_for_port "$port" "$kind"
done
found 6 '' "localhost:$port" --starttls smtp
port=$(free_port)
start silent2 "$python" "$KEYSTORE_SOURCE/tests/verify/doctor/starttls_server.py" silent "$port" web-chain.pem web.key
wait_for_port "$port" silent2
begin=$SECONDS
found 5 '' "localhost:$port" --timeout 1
found 5 '' "localhost:$port" --timeout 1 --starttls imap
[ $((SECONDS - begin)) -lt 8 ] || fail 'a silent server is waited for too long'

# Writing to a connection that was reset ends no process.
port=$(free_port)
start resetting "$python" "$KEYSTORE_SOURCE/tests/verify/doctor/starttls_server.py" resetting "$port" web-chain.pem web.key
wait_for_port "$port" resetting
check "localhost:$port" "${trust[@]}"
[ "$status" -lt 128 ] || fail "a server that resets the connection: exit $status"
