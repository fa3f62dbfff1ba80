#!/bin/bash
# Dovecot's login process, of another user and without an environment, serves IMAP over TLS with a
# key on the token; every provider order.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need dovecot
[ "$(id -u)" -eq 0 ] || skip "Dovecot's processes change their users, which takes root"
getent passwd dovecot dovenull > /dev/null || skip "Dovecot's users are not there"
make_server_keys
# The login process is given the key as text, and reads the PIN itself.
chown -R dovenull: "$work/tokens" "$pin_file"

write_configuration() {
  printf '%s\n' "base_dir = $work/run" "state_dir = $work/run" 'protocols = imap' \
    "log_path = $work/dovecot.log" 'listen = 127.0.0.1' 'ssl = required' "ssl_cert = <$work/$1.crt" \
    "ssl_key = <$work/$1.ref" 'ssl_min_protocol = TLSv1.2' 'auth_mechanisms = plain' \
    'passdb {' 'driver = static' 'args = nopassword=y' '}' 'userdb {' 'driver = static' \
    'args = uid=nobody gid=nogroup home=/nonexistent' '}' \
    "import_environment = OPENSSL_CONF=$(provider_conf "$order") KEYSTORE_CONFIG=$KEYSTORE_CONFIG" \
    'service imap-login {' 'chroot =' 'inet_listener imap {' 'port = 0' '}' \
    'inet_listener imaps {' "port = $port" 'ssl = yes' '}' '}'
}

greets() {
  "$python" - "$port" "$1" "$work/ca.crt" << 'END'
import socket, ssl, sys
port, version, ca = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.create_default_context(cafile=ca)
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, "TLSv" + version.replace(".", "_"))
with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
    with context.wrap_socket(plain, server_hostname="localhost") as peer:
        print(peer.version(), peer.recv(100).decode().split()[1])
END
}

for order in "${orders[@]}"; do
  for type in "${server_types[@]}"; do
    port=$(free_port)
    write_configuration "$type" > "$work/dovecot.conf"
    start dovecot dovecot -F -c "$work/dovecot.conf"
    wait_for_port "$port" dovecot
    for version in "${versions[@]}"; do
      expect 0 greets "$version"
      [ "$(cat "$work/out")" = "TLSv$version OK" ] || fail "wrong answer: $type, $version, $order"
    done
    stop dovecot || fail "Dovecot ends with status $?: $type, $order"
    no_crash "$work/dovecot.log"
  done
done
