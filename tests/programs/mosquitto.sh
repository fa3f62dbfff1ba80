#!/bin/bash
# mosquitto serves with a key on the token, and its clients show certificates whose keys are on it;
# every provider order.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need mosquitto mosquitto_pub mosquitto_sub
make_server_keys
# The broker gives up its rights before it reads its key.
if [ "$(id -u)" -eq 0 ]; then chown "$worker_user:" "$work"/*.ref "$pin_file"; fi

write_configuration() {
  printf '%s\n' "listener $port 127.0.0.1" 'allow_anonymous true' "certfile $work/$1.crt" \
    "keyfile $work/$1.ref" "cafile $work/ca.crt" 'require_certificate true' 'persistence false'
  [ "$(id -u)" -ne 0 ] || echo "user $worker_user"
}

# One message that the broker keeps for whoever asks.
client=(-h localhost --cafile "$work/ca.crt" -t greeting)
publishes() {
  with_provider "$1" mosquitto_pub "${client[@]}" -p "$port" --cert "$work/$2.crt" --key "$work/$2.ref" \
    --tls-version "tlsv$3" --retain -m "$2 $3"
}
reads() {
  with_provider "$1" mosquitto_sub "${client[@]}" -p "$port" --cert "$work/$2.crt" --key "$work/$2.ref" \
    --tls-version "tlsv$3" -C 1 -W 20
}

for order in "${orders[@]}"; do
  for type in "${server_types[@]}"; do
    port=$(free_port)
    write_configuration "$type" > "$work/mosquitto.conf"
    start mosquitto env OPENSSL_CONF="$(provider_conf "$order")" mosquitto -c "$work/mosquitto.conf"
    wait_for_port "$port" mosquitto
    for version in "${versions[@]}"; do
      expect 0 publishes "$order" "$type" "$version"
      expect 0 reads "$order" "$type" "$version"
      [ "$(cat "$work/out")" = "$type $version" ] || fail "wrong answer: $type, $version, $order"
    done
    stop mosquitto || fail "mosquitto ends with status $?: $type, $order"
    no_crash "$work/mosquitto.log"
  done
done
