#!/bin/bash
# Keys that want their PIN for each use (CKA_ALWAYS_AUTHENTICATE), PINs that are not kept after a
# login (pin_cache), and PINs that are read at the first use: what programs do with them.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need nginx
server_types=()
make_server_keys
cd "$work"
faults=$work/faults
configure() {
  cat > "$KEYSTORE_CONFIG" << END
[modules.strict]
path = "$KEYSTORE_BUILD/tests/tokens/libkeystore-test-token.so"
env = { SOFTHSM2_CONF = "$SOFTHSM2_CONF", KEYSTORE_TEST_MODULE = "$module", KEYSTORE_TEST_FAULTS = "$faults" }
END
  [ $# -eq 0 ] || printf '%s\n' "$@" >> "$KEYSTORE_CONFIG"
}
configure
: > faults
server_types=(p256 rsa2048)
echo always-authenticate > faults
for type in "${server_types[@]}"; do put_on_token "$type"; done
: > faults
[ "$(id -u)" -ne 0 ] || chown -R "$worker_user:" tokens

on_terminal() { "$python" "$KEYSTORE_SOURCE/tests/cli/on_terminal.py" "$@"; }
asked_once() {
  [ "$(grep -c "terminal: Enter pass phrase for token 'test':" "$1")" -eq 1 ] || fail "not asked once: $(cat "$1")"
}
signs() { with_provider default-first openssl dgst -sha256 -sign "$1" -out sig ca.crt; }
listens() { grep -q ACCEPT server.log || ! running server; }

# serve_from_terminal KEY: two connections, the PIN typed at the start.
serve_from_terminal() {
  port=$(free_port)
  start server env OPENSSL_CONF="$(provider_conf default-first)" "$python" \
    "$KEYSTORE_SOURCE/tests/cli/on_terminal.py" "$pin" -- openssl s_server -accept "127.0.0.1:$port" -www \
    -naccept 2 -cert p256.crt -key "$1"
  wait_until 10 listens || fail 's_server does not start'
}

start_nginx() {
  port=$(free_port)
  {
    [ "$(id -u)" -ne 0 ] || echo "user $worker_user;"
    printf '%s\n' 'daemon off;' 'worker_processes 2;' "pid $work/nginx.pid;" "error_log $work/nginx-error.log;" \
      'events {}' 'http {' 'access_log off;' 'ssl_protocols TLSv1.2 TLSv1.3;'
    for temp in client_body proxy fastcgi uwsgi scgi; do echo "${temp}_temp_path $work/nginx-temp;"; done
    for type in "${server_types[@]}"; do
      echo "server { listen 127.0.0.1:$port ssl; server_name $type.test; ssl_certificate $work/$type.crt;"
      echo "ssl_certificate_key $work/$type.ref; root $work/www; }"
    done
    echo '}'
  } > nginx.conf
  : > nginx-error.log
  start nginx env OPENSSL_CONF="$(provider_conf default-first)" nginx -p "$work" -e "$work/nginx-error.log" -c "$work/nginx.conf"
  wait_for_port "$port" nginx
}

# Each use takes the PIN that was read at load, from a source or from a person.
for type in "${server_types[@]}"; do
  expect 0 "$keystore" show "pkcs11:token=test;object=$type;type=private" --pin "file:$pin_file" --json
  grep -qi always.authenticate out || fail "the key is a usual one: $(cat out)"
  for order in "${orders[@]}"; do
    expect 0 with_provider "$order" openssl dgst -sha256 -sign "$type.ref" -out sig ca.crt
    expect 0 openssl dgst -sha256 -verify "$type.pub" -signature sig ca.crt
  done
  expect 0 "$keystore" ref "pkcs11:token=test;object=$type;type=private" --pin "file:$pin_file" \
    --no-pin-source --out "$type-typed.ref"
done
serve_from_terminal p256-typed.ref
for version in "${versions[@]}"; do expect 0 fetch localhost "$port" "$version"; done
finish server || fail "s_server ends with status $?"
asked_once server.log
start_nginx
for _ in 1 2 3; do
  for type in "${server_types[@]}"; do serves "$port" default-first "$type"; done
done
stop nginx QUIT || fail "nginx ends with status $?"
expect 1 with_provider default-first openssl dgst -sha256 -sign p256-typed.ref -passin pass:wrong -out sig ca.crt
grep -q "cannot log in to token 'test': the PIN was refused" err || fail "a wrong PIN is not named: $(cat err)"

# Not kept: a source that can be read again goes on; where a person typed, one login is all there is.
configure '[policy]' 'pin_cache = "none"' '[log]' "to = \"file:$work/keystore.log\""
: > keystore.log
chmod 666 keystore.log
expect 0 signs p256.ref
serve_from_terminal p256-typed.ref
expect 35 fetch localhost "$port" 1.3
expect 35 fetch localhost "$port" 1.3
finish server || true
grep -q 'policy pin_cache is "none": give a source that can be read at every login' server.log ||
  fail "it is not said what is missing: $(cat server.log)"
grep -q 'is good for one login: policy pin_cache is "none"' keystore.log || fail "no warning at load: $(cat keystore.log)"
[ "$(id -u)" -ne 0 ] || chown "$worker_user:" "$pin_file"
start_nginx
for type in "${server_types[@]}"; do serves "$port" default-first "$type"; done
stop nginx QUIT || fail "nginx ends with status $?"

# Read at the first use: the source may come after the program has begun.
configure '[openssl]' 'pin = "at-use"'
mv "$pin_file" elsewhere
start_nginx
expect 35 fetch p256.test "$port" 1.3
wait_until 10 grep -q "no PIN for token 'test': " nginx-error.log || fail "a missing PIN is not named: $(cat nginx-error.log)"
mv elsewhere "$pin_file"
for type in "${server_types[@]}"; do serves "$port" default-first "$type"; done
stop nginx QUIT || fail "nginx ends with status $?"
no_crash nginx-error.log
