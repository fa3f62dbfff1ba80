#!/bin/bash
# nginx serves with keys on the token: the root master reads references and PIN, workers of another
# user sign. Every provider order, TLS 1.2 and 1.3, a reload, and no PKCS#11 call before the first
# handshake.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
PATH=$PATH:/usr/sbin
need nginx
make_token
for type in "${types[@]}"; do put_on_token "$type"; done

give_tokens_to_worker
[ "$(id -u)" -eq 0 ] || echo "not root: the workers are of the same user as the master" >&2

# The counting module stands between, told by the configuration: nginx wipes its environment.
counts=$work/counts
: > "$counts"
chmod 666 "$counts"
cat > "$KEYSTORE_CONFIG" << END
[modules.counted]
path = "$KEYSTORE_BUILD/tests/tokens/libkeystore-test-token.so"
env = { SOFTHSM2_CONF = "$SOFTHSM2_CONF", KEYSTORE_TEST_MODULE = "$module", KEYSTORE_TEST_COUNTS = "$counts" }
END
count() { "$KEYSTORE_BUILD/tests/tokens/print-counts" "$counts" "$1"; }

write_configuration() {
  local type temp
  [ "$(id -u)" -ne 0 ] || echo "user $worker_user;"
  printf '%s\n' 'daemon off;' 'worker_processes 2;' "pid $work/nginx.pid;" "error_log $work/nginx-error.log;" \
    'events {}' 'http {' 'access_log off;' 'ssl_protocols TLSv1.2 TLSv1.3;'
  for temp in client_body proxy fastcgi uwsgi scgi; do echo "${temp}_temp_path $work/nginx-temp;"; done
  for type in "${types[@]}"; do
    echo "server { listen 127.0.0.1:$port ssl; server_name $type.test; ssl_certificate $work/$type.crt;"
    echo "ssl_certificate_key $work/$type.ref; return 200 \"$type \$ssl_protocol\n\"; }"
  done
  echo '}'
}

workers() {
  local status
  for status in /proc/[0-9]*/status; do
    awk -v parent="${started[nginx]}" '/^Pid:/ { pid = $2 } /^PPid:/ && $2 == parent { print pid }' \
      "$status" 2> /dev/null || true
  done
}

fetch_all() {
  local type version
  for type in "${types[@]}"; do
    for version in "${versions[@]}"; do
      expect 0 fetch "$type.test" "$port" "$version"
      [ "$(cat "$work/out")" = "$type TLSv$version" ] || fail "wrong answer: $type, $version, $order"
    done
  done
}

other_workers() { [ -n "$(workers)" ] && ! workers | grep -qxF "$1"; }

nginx=(nginx -p "$work" -e "$work/nginx-error.log" -c "$work/nginx.conf")

for order in "${orders[@]}"; do
  port=$(free_port)
  write_configuration > "$work/nginx.conf"
  : > "$work/nginx-error.log"
  before=$(count total)
  expect 0 with_provider "$order" "${nginx[@]}" -t
  start nginx env OPENSSL_CONF="$(provider_conf "$order")" "${nginx[@]}"
  wait_for_port "$port" nginx
  [ "$(count total)" -eq "$before" ] || fail "nginx called the token before it was needed: $order"
  for worker in $(workers); do
    [ "$(stat -c %U "/proc/$worker")" = "$worker_user" ] || fail "a worker is not of $worker_user"
  done
  fetch_all
  [ "$(count C_Sign)" -gt 0 ] || fail "the token signed nothing: $order"

  old=$(workers)
  kill -HUP "${started[nginx]}"
  wait_until 10 other_workers "$old" || fail "nginx does not reload: $order"
  fetch_all
  stop nginx QUIT || fail "nginx ends with status $?: $order"
  if grep -E 'exited on signal|\[(emerg|alert|crit)\]' "$work/nginx-error.log"; then
    fail "nginx has something to say: $order"
  fi
done
