#!/bin/bash
# nginx under load is reloaded fifty times: eight workers, started with an empty environment and the
# system's own openssl.cnf and configuration, no request fails, and the master keeps nothing of
# what it loaded.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need nginx unshare
make_server_keys

reloads=50
counts=$work/counts
: > "$counts"
chmod 666 "$counts"
count() { "$KEYSTORE_BUILD/tests/tokens/print-counts" "$counts" "$1"; }
cat > "$KEYSTORE_CONFIG" << END
[modules.counted]
path = "$KEYSTORE_BUILD/tests/tokens/libkeystore-test-token.so"
env = { SOFTHSM2_CONF = "$SOFTHSM2_CONF", KEYSTORE_TEST_MODULE = "$module", KEYSTORE_TEST_COUNTS = "$counts" }
END

# An /etc of nginx's own, where the provider was installed for the whole system.
as_installed=()
if [ "$(id -u)" -eq 0 ] && unshare -m true 2> /dev/null; then
  cp -a /etc "$work/etc"
  mkdir -p "$work/etc/keystore"
  cp "$KEYSTORE_CONFIG" "$work/etc/keystore/config.toml"
  expect 0 "$keystore" openssl-conf --install --openssl-cnf "$work/etc/ssl/openssl.cnf" --yes
  as_installed=(env -i unshare -m /bin/sh -c "/bin/mount --bind $work/etc /etc && exec /usr/bin/env -i /usr/sbin/nginx \"\$@\"" nginx)
else
  echo "SKIPPED in part: only root can give nginx an /etc of its own; the environment is not empty" >&2
  as_installed=(env OPENSSL_CONF="$(provider_conf default-first)" nginx)
fi

port=$(free_port)
{
  [ "$(id -u)" -ne 0 ] || echo "user $worker_user;"
  printf '%s\n' 'daemon off;' 'worker_processes 8;' "pid $work/nginx.pid;" "error_log $work/nginx-error.log;" \
    'events {}' 'http {' 'access_log off;'
  for temp in client_body proxy fastcgi uwsgi scgi; do echo "${temp}_temp_path $work/nginx-temp;"; done
  for type in "${server_types[@]}"; do
    echo "server { listen 127.0.0.1:$port ssl; server_name $type.test; ssl_certificate $work/$type.crt;"
    echo "ssl_certificate_key $work/$type.ref; root $work/www; }"
  done
  echo '}'
} > "$work/nginx.conf"
: > "$work/nginx-error.log"

start nginx "${as_installed[@]}" -p "$work" -e "$work/nginx-error.log" -c "$work/nginx.conf"
wait_for_port "$port" nginx
master=${started[nginx]}
workers() { pgrep -P "$master" | sort; }
eight_new_workers() {
  [ "$(comm -13 "$work/old-workers" <(workers) | wc -l)" -eq 8 ]
}
locked() { awk '/^VmLck:/ { print $2 }' "/proc/$master/status"; }
open_files() { find "/proc/$master/fd" -type l | wc -l; }
[ "${as_installed[0]}" != env ] || [ "${as_installed[1]}" != -i ] || [ ! -s "/proc/$master/environ" ] ||
  fail "the environment is not empty"

start load "$python" "$KEYSTORE_SOURCE/tests/programs/load.py" "$port" "$work/ca.crt" "$work/stop" \
  "${server_types[@]/%/.test}"
for ((reload = 1; reload <= reloads; ++reload)); do
  workers > "$work/old-workers"
  kill -HUP "$master"
  wait_until 30 eight_new_workers || fail "nginx does not reload for the ${reload}th time"
  if [ "$reload" -eq 5 ]; then
    locked_early=$(locked)
    open_early=$(open_files)
  fi
  running load || break
done
: > "$work/stop"
finish load || fail "a request failed: $(tail -n 3 "$work/load.log")"
[ "$(head -1 "$work/load.log")" -ge "$reloads" ] || fail "too little load: $(head -1 "$work/load.log") requests"

# Old workers end when their last connection is closed.
only_new_workers() { [ "$(workers | wc -l)" -eq 8 ]; }
wait_until 30 only_new_workers || fail "old workers stay"
[ "$(locked)" -le "$locked_early" ] || fail "the master keeps PINs: $locked_early kB locked, now $(locked)"
[ "$(open_files)" -le "$open_early" ] || fail "the master keeps files open: $open_early, now $(open_files)"
! grep -q -e softhsm -e libkeystore-test-token "/proc/$master/maps" || fail "the master loaded the module"
# A worker serves one connection at a time with one session for each key's token.
[ "$(count C_OpenSession)" -le "$((2 * $(count C_Initialize)))" ] ||
  fail "$(count C_OpenSession) sessions in $(count C_Initialize) processes"

stop nginx QUIT || fail "nginx ends with status $?"
if grep -E 'exited on signal|\[(emerg|alert|crit)\]' "$work/nginx-error.log"; then
  fail "nginx has something to say"
fi
