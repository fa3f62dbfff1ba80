#!/bin/bash
# stunnel wraps a plain server with a combined PEM whose key is a reference, and, as a client, shows a
# certificate with such a key; every provider order.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need stunnel4
make_server_keys
for type in "${server_types[@]}"; do cat "$work/$type.ref" "$work/$type.crt" > "$work/$type.pem"; done
plain=$(free_port)
start plain "$python" -m http.server --bind 127.0.0.1 --directory "$work/www" "$plain"
wait_for_port "$plain" plain

# fetch -> client tunnel (plain in, TLS out) -> server tunnel (TLS in, plain out) -> page
write_configuration() {
  printf '%s\n' 'foreground = yes' 'syslog = no' 'debug = warning' "pid = $work/stunnel.pid"
  printf '%s\n' '[server]' "accept = 127.0.0.1:$port" "connect = 127.0.0.1:$plain" \
    "cert = $work/$1.pem" "CAfile = $work/ca.crt" 'verifyChain = no'
  printf '%s\n' '[mutual]' "accept = 127.0.0.1:$mutual" "connect = 127.0.0.1:$plain" \
    "cert = $work/$1.pem" "CAfile = $work/ca.crt" 'verifyChain = yes' 'requireCert = yes'
  printf '%s\n' '[client]' 'client = yes' "accept = 127.0.0.1:$through" \
    "connect = 127.0.0.1:$mutual" "cert = $work/$1.pem" "CAfile = $work/ca.crt" \
    'verifyChain = yes' "checkHost = $1.test"
}

for order in "${orders[@]}"; do
  for type in "${server_types[@]}"; do
    port=$(free_port) mutual=$(free_port) through=$(free_port)
    write_configuration "$type" > "$work/stunnel.conf"
    start stunnel env OPENSSL_CONF="$(provider_conf "$order")" stunnel4 "$work/stunnel.conf"
    wait_for_port "$port" stunnel
    wait_for_port "$through" stunnel
    serves "$port" "$order" "$type"
    expect 0 curl -sS --max-time 20 --noproxy '*' "http://127.0.0.1:$through/"
    cmp -s "$work/out" "$work/www/index.html" || fail "no page through both tunnels: $type, $order"
    stop stunnel || fail "stunnel ends with status $?: $type, $order"
    no_crash "$work/stunnel.log"
  done
done
