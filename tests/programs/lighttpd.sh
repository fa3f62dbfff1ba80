#!/bin/bash
# lighttpd serves with references: in a file of its own and in a bundle that starts with the
# certificate; every provider order.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need lighttpd
[ -n "$(find /usr/lib/lighttpd -name mod_openssl.so 2> /dev/null)" ] || skip "lighttpd-mod-openssl is not installed"
make_server_keys
cat "$work/rsa2048.crt" "$work/rsa2048.ref" > "$work/rsa2048.pem"

write_configuration() {
  printf '%s\n' 'server.modules = ("mod_openssl")' "server.document-root = \"$work/www\"" \
    "server.port = $port" 'server.bind = "127.0.0.1"' 'index-file.names = ("index.html")' \
    'ssl.engine = "enable"' "ssl.pemfile = \"$work/rsa2048.pem\"" \
    '$HTTP["host"] =~ "^p256[.]test" {' "ssl.pemfile = \"$work/p256.crt\"" \
    "ssl.privkey = \"$work/p256.ref\"" '}'
  [ "$(id -u)" -ne 0 ] || printf '%s\n' "server.username = \"$worker_user\"" "server.groupname = \"$worker_group\""
}

for order in "${orders[@]}"; do
  port=$(free_port)
  write_configuration > "$work/lighttpd.conf"
  start lighttpd env OPENSSL_CONF="$(provider_conf "$order")" lighttpd -D -f "$work/lighttpd.conf"
  wait_for_port "$port" lighttpd
  for type in "${server_types[@]}"; do serves "$port" "$order" "$type"; done
  stop lighttpd INT || fail "lighttpd ends with status $?: $order"
  no_crash "$work/lighttpd.log"
done
