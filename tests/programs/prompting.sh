#!/bin/bash
# A reference without a PIN source: the program's own passphrase callback is asked at load, once, with
# the token's name, and nothing waits for a terminal that is not there.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need nginx
make_server_keys
type=p256
expect 0 "$keystore" ref "pkcs11:token=test;object=$type;type=private" --pin "file:$pin_file" \
  --no-pin-source --force --out "$work/$type.ref"
! sed '1d;$d' "$work/$type.ref" | base64 -d | grep -qa pin-source || fail "the reference has a PIN source"
cd "$work"
question="terminal: Enter pass phrase for token 'test':"
no_source="no source for the PIN for token 'test'"
refused="cannot log in to token 'test': the PIN was refused"

on_terminal() { "$python" "$KEYSTORE_SOURCE/tests/cli/on_terminal.py" "$@"; }
asked_once() {
  [ "$(grep -c "$question" "$1")" -eq 1 ] || fail "not asked once: $(cat "$1")"
}
listens() { grep -q ACCEPT "$work/server.log" || ! running server; }

# The openssl command on a terminal.
for order in "${orders[@]}"; do
  expect 0 with_provider "$order" on_terminal "$pin" -- openssl dgst -sha256 -sign "$type.ref" -out sig "$type.crt"
  asked_once err
  expect 0 openssl dgst -sha256 -verify "$type.pub" -signature sig "$type.crt"
  port=$(free_port)
  start server env OPENSSL_CONF="$(provider_conf "$order")" "$python" "$KEYSTORE_SOURCE/tests/cli/on_terminal.py" \
    "$pin" -- openssl s_server -accept "127.0.0.1:$port" -www -naccept 2 -cert "$type.crt" -key "$type.ref"
  wait_until 10 listens || fail "s_server does not start: $order"
  for version in "${versions[@]}"; do expect 0 fetch localhost "$port" "$version"; done
  finish server || fail "s_server ends with status $?: $order"
  asked_once server.log
done
expect 0 with_provider default-first openssl dgst -sha256 -sign "$type.ref" -passin "pass:$pin" -out sig "$type.crt"
expect 1 with_provider default-first openssl dgst -sha256 -sign "$type.ref" -passin pass:wrong -out sig "$type.crt"
grep -q "$refused" err || fail "a wrong answer is not named: $(cat err)"

# Nobody there: no terminal, standard input closed or empty.
nobody() { with_provider default-first timeout 20 setsid -w "$@"; }
expect 1 nobody openssl dgst -sha256 -sign "$type.ref" -out sig "$type.crt" < /dev/null
grep -q "$no_source" err || fail "a missing PIN is not named: $(cat err)"
expect 1 nobody openssl dgst -sha256 -sign "$type.ref" -out sig "$type.crt" <&-
grep -q "$no_source" err || fail "a missing PIN is not named: $(cat err)"

# Python's password callback.
cat > password.py << 'END'
import ssl, sys

asked = 0

def answer():
    global asked
    asked += 1
    return sys.argv[1]

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2] + ".crt", sys.argv[2] + ".ref", password=answer)
to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
server = context.wrap_bio(to_server, to_client, server_side=True)
client = ssl.create_default_context(cafile="ca.crt").wrap_bio(to_client, to_server, server_hostname="localhost")
for _ in range(3):
    for end in (client, server):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            pass
print(asked, server.version())
END
expect 0 nobody "$python" password.py "$pin" "$type" < /dev/null
[ "$(cat out)" = "1 TLSv1.3" ] || fail "Python: $(cat out)"

# curl's --pass.
make_key p256 server.key
make_certificate server.key server server.crt
port=$(free_port)
start server openssl s_server -accept "127.0.0.1:$port" -www -cert server.crt -key server.key \
  -CAfile ca.crt -Verify 2 -verify_return_error
wait_for_port "$port" server
by_curl() {
  nobody curl -sS --max-time 20 --noproxy '*' --cacert ca.crt --cert "$type.crt" --key "$type.ref" "$@" \
    "https://localhost:$port/"
}
expect 0 by_curl --pass "$pin" < /dev/null
grep -q "Subject: CN *= *$type" out || fail "no client certificate"
expect 35 by_curl --pass wrong < /dev/null
grep -q 'keystore::PIN incorrect' err || fail "curl: $(cat err)"
expect 35 by_curl < /dev/null
grep -q 'keystore::PIN required' err || fail "curl: $(cat err)"

# nginx's ssl_password_file: its first line. The master reads it, the workers cannot.
umask 077
port=$(free_port)
{
  [ "$(id -u)" -ne 0 ] || echo "user $worker_user;"
  printf '%s\n' 'daemon off;' 'worker_processes 2;' "pid $work/nginx.pid;" "error_log $work/nginx-error.log;" \
    'events {}' 'http {' 'access_log off;' 'ssl_protocols TLSv1.2 TLSv1.3;'
  for temp in client_body proxy fastcgi uwsgi scgi; do echo "${temp}_temp_path $work/nginx-temp;"; done
  echo "server { listen 127.0.0.1:$port ssl; server_name $type.test; ssl_certificate $work/$type.crt;"
  echo "ssl_certificate_key $work/$type.ref; ssl_password_file $work/passwords; root $work/www; } }"
} > nginx.conf
: > nginx-error.log
printf '%s\n' wrong > passwords
start nginx env OPENSSL_CONF="$(provider_conf default-first)" setsid nginx -p "$work" -e "$work/nginx-error.log" -c "$work/nginx.conf"
wait_for_port "$port" nginx
expect 35 fetch "$type.test" "$port" 1.3
wait_until 10 grep -q "$refused" nginx-error.log || fail "nginx does not name the wrong PIN: $(cat nginx-error.log)"
printf '%s\n' "$pin" > passwords
kill -HUP "${started[nginx]}"
wait_until 20 fetch "$type.test" "$port" 1.3 > /dev/null || fail "nginx does not take the new PIN"
serves "$port" default-first "$type"
stop nginx QUIT || fail "nginx ends with status $?"
