#!/bin/bash
# Promise: `keystore check --starttls` speaks with the servers that people run: Dovecot and PostgreSQL.
. "$KEYSTORE_SOURCE/tests/verify/doctor/lib.sh"
need dovecot
binaries=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2> /dev/null | sort -V | tail -1)
[ -n "$binaries" ] || skip "postgresql is not installed (tools/test --all installs it)"
[ "$(id -u)" -eq 0 ] || skip "these servers change their users, which takes root"
getent passwd dovecot dovenull > /dev/null || skip "Dovecot's users are not there"
chmod 755 "$work"

make root /CN=Root '' "${ca[@]}"
make issuing /CN=Issuing root "${ca[@]}"
server=("${leaf[@]/DNS:www.example.org/DNS:localhost}")
make web /CN=localhost issuing "${server[@]}"
make peer /CN=tester issuing "${leaf[@]/serverAuth/clientAuth}"
cat web.pem issuing.pem > chain.pem
cat peer.key peer.pem issuing.pem > peer-combined.pem
trust=(--trust root.pem)

port=$(free_port)
printf '%s\n' "base_dir = $work/run" "state_dir = $work/run" 'protocols = imap' "log_path = $work/dovecot.log" \
  'listen = 127.0.0.1' 'ssl = required' "ssl_cert = <$work/chain.pem" "ssl_key = <$work/web.key" \
  'passdb {' 'driver = static' 'args = nopassword=y' '}' 'userdb {' 'driver = static' \
  'args = uid=nobody gid=nogroup home=/nonexistent' '}' 'service imap-login {' 'chroot =' 'inet_listener imap {' \
  "port = $port" '}' 'inet_listener imaps {' 'port = 0' '}' '}' > dovecot.conf
start dovecot dovecot -F -c "$work/dovecot.conf"
wait_for_port "$port" dovecot
found 0 '' "localhost:$port" --starttls imap "${trust[@]}"
found 1 'error chain.incomplete, error chain.untrusted' "localhost:$port" --starttls imap
found 1 'error cert.host-mismatch' "127.0.0.1:$port" --starttls imap "${trust[@]}" --host mail.example.org
found 6 '' "localhost:$port" --starttls smtp "${trust[@]}" --timeout 5  # speaks another protocol
stop dovecot || fail "Dovecot ends with status $?"

as_server=(setpriv --reuid nobody --regid "$(id -gn nobody)" --clear-groups)
data=$work/data
port=$(free_port)
mkdir "$data"
chown nobody: "$data"
expect 0 "${as_server[@]}" "$binaries/initdb" -D "$data" -U tester -A trust --no-sync
install -o nobody -m 600 web.key "$data/web.key"
install -o nobody -m 600 chain.pem root.pem "$data"
printf 'hostssl all all 127.0.0.1/32 cert\n' > "$data/pg_hba.conf"
printf '%s\n' "listen_addresses = '127.0.0.1'" "port = $port" "unix_socket_directories = ''" 'ssl = on' \
  "ssl_cert_file = '$data/chain.pem'" "ssl_key_file = '$data/web.key'" "ssl_ca_file = '$data/root.pem'" 'fsync = off' \
  > "$data/postgresql.conf"
start postgres "${as_server[@]}" "$binaries/postgres" -D "$data"
wait_for_port "$port" postgres
found 0 '' "localhost:$port" --starttls postgres "${trust[@]}"
found 0 '' "localhost:$port" --starttls postgres "${trust[@]}" --identity peer-combined.pem
found 1 'error cert.expired' "localhost:$port" --starttls postgres "${trust[@]}" --at "$(date -u -d '+61 days' +%FT%TZ)"
# Without encryption it says so.
echo 'ssl = off' >> "$data/postgresql.conf"
stop postgres INT || fail "PostgreSQL ends with status $?"
start postgres "${as_server[@]}" "$binaries/postgres" -D "$data"
wait_for_port "$port" postgres
printf 'host all all 127.0.0.1/32 trust\n' > "$data/pg_hba.conf"
found 6 '' "localhost:$port" --starttls postgres "${trust[@]}"
