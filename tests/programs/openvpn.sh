#!/bin/bash
# An OpenVPN server and client, both with keys on the token, agree on keys over TLS; every provider
# order. No network device is made.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need openvpn
make_server_keys

# tunnel OPTION…: what both ends have in common, and what one of them adds.
tunnel() {
  exec env OPENSSL_CONF="$(provider_conf "$order")" openvpn --dev null --proto udp4 --ca "$work/ca.crt" \
    --cert "$work/$type.crt" --key "$work/$type.ref" --data-ciphers AES-256-GCM --cipher AES-256-GCM \
    --verb 3 "$@"
}
up() { grep -q 'Initialization Sequence Completed' "$work/client.log" || ! running client; }

for order in "${orders[@]}"; do
  for type in "${server_types[@]}"; do
    port=$(free_port)
    start server tunnel --local 127.0.0.1 --lport "$port" --tls-server --dh none
    wait_until 10 grep -q 'UDPv4 link local' "$work/server.log" || fail "OpenVPN does not start: $type, $order"
    start client tunnel --nobind --remote 127.0.0.1 "$port" --tls-client
    wait_until 20 up && running client || fail "no tunnel: $type, $order"
    stop client || fail "the client ends with status $?: $type, $order"
    stop server || fail "the server ends with status $?: $type, $order"
    no_crash "$work/server.log" "$work/client.log"
  done
done
