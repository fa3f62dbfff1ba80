#!/bin/bash
# HAProxy serves with combined PEM files whose key is a reference, key first and certificate first,
# every provider order, workers of another user, a reload by its master.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need haproxy
make_server_keys
cat "$work/p256.ref" "$work/p256.crt" > "$work/p256.pem"
cat "$work/rsa2048.crt" "$work/rsa2048.ref" > "$work/rsa2048.pem"

write_configuration() {
  printf '%s\n' 'global' 'log stderr format raw local0'
  [ "$(id -u)" -ne 0 ] || printf '%s\n' "user $worker_user" "group $worker_group"
  printf '%s\n' 'defaults' 'mode http' 'timeout client 20s' 'timeout server 20s' \
    'timeout connect 20s' 'frontend web' \
    "bind 127.0.0.1:$port ssl crt $work/p256.pem crt $work/rsa2048.pem ssl-min-ver TLSv1.2" \
    "http-request return status 200 content-type text/plain file $work/www/index.html"
}

workers() { pgrep -P "${started[haproxy]}" | tr '\n' ' '; }
other_worker() { [ -n "$(workers)" ] && [ "$(workers)" != "$1" ]; }

for order in "${orders[@]}"; do
  port=$(free_port)
  write_configuration > "$work/haproxy.cfg"
  expect 0 with_provider "$order" haproxy -c -f "$work/haproxy.cfg"
  start haproxy env OPENSSL_CONF="$(provider_conf "$order")" haproxy -W -db -f "$work/haproxy.cfg"
  wait_for_port "$port" haproxy
  for type in "${server_types[@]}"; do serves "$port" "$order" "$type"; done
  old=$(workers)
  kill -USR2 "${started[haproxy]}"
  wait_until 10 other_worker "$old" || fail "HAProxy does not reload: $order"
  for type in "${server_types[@]}"; do serves "$port" "$order" "$type"; done
  status=0
  stop haproxy || status=$?
  case $status in 0 | 143) ;; *) fail "HAProxy ends with status $status: $order" ;; esac
  no_crash "$work/haproxy.log"
done
