#!/bin/bash
# PostgreSQL serves, one process a connection, with a key on the token, and psql (libpq) shows a
# client certificate whose key is on it; every provider order.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
binaries=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2> /dev/null | sort -V | tail -1)
[ -n "$binaries" ] && command -v psql > /dev/null || skip "postgresql is not installed (tools/test --all installs it)"
make_server_keys

# The server refuses to run as root.
server_user=$(id -un)
as_server=()
if [ "$(id -u)" -eq 0 ]; then
  server_user=nobody
  as_server=(setpriv --reuid "$server_user" --regid "$(id -gn nobody)" --clear-groups)
  chown -R "$server_user:" "$work/tokens"
fi
chmod 600 "$work"/*.ref
data=$work/data
mkdir "$data"
chown "$server_user:" "$data"
expect 0 "${as_server[@]}" "$binaries/initdb" -D "$data" -U tester -A trust --no-sync
for type in "${server_types[@]}"; do
  install -o "$server_user" -m 600 "$work/$type.ref" "$data/$type.ref"
done
chmod 644 "$pin_file" "$KEYSTORE_CONFIG" "$SOFTHSM2_CONF"
printf '%s\n' 'hostssl all all 127.0.0.1/32 cert clientname=CN map=any' > "$data/pg_hba.conf"
printf '%s\n' 'any /^.*$ tester' > "$data/pg_ident.conf"

write_configuration() {
  printf '%s\n' "listen_addresses = '127.0.0.1'" "port = $port" "unix_socket_directories = ''" \
    'ssl = on' "ssl_cert_file = '$work/$1.crt'" "ssl_key_file = '$data/$1.ref'" \
    "ssl_ca_file = '$work/ca.crt'" 'fsync = off'
}

asks() {
  PGSSLMINPROTOCOLVERSION=TLSv$2 PGSSLMAXPROTOCOLVERSION=TLSv$2 with_provider "$3" psql -X -A -t \
    "host=$1.test hostaddr=127.0.0.1 port=$port user=tester dbname=postgres sslmode=verify-full \
     sslrootcert=$work/ca.crt sslcert=$work/$1.crt sslkey=$work/$1.ref connect_timeout=20" \
    -c 'select version from pg_stat_ssl where pid = pg_backend_pid()'
}

for order in "${orders[@]}"; do
  for type in "${server_types[@]}"; do
    port=$(free_port)
    write_configuration "$type" > "$data/postgresql.conf"
    start postgres "${as_server[@]}" env OPENSSL_CONF="$(provider_conf "$order")" "$binaries/postgres" -D "$data"
    wait_for_port "$port" postgres
    for version in "${versions[@]}"; do
      expect 0 asks "$type" "$version" "$order"
      [ "$(cat "$work/out")" = "TLSv$version" ] || fail "wrong answer: $type, $version, $order"
    done
    kill -HUP "${started[postgres]}"
    wait_until 10 grep -q 'received SIGHUP' "$work/postgres.log" || fail "PostgreSQL does not reload: $order"
    expect 0 asks "$type" 1.3 "$order"
    stop postgres INT || fail "PostgreSQL ends with status $?: $type, $order"
    no_crash "$work/postgres.log"
  done
done
