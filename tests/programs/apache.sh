#!/bin/bash
# Apache (in a session of its own, because it ends its whole process group) serves with keys on the token: event and prefork, every provider order, workers of another
# user, a graceful reload.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need apache2
modules=/usr/lib/apache2/modules
[ -f "$modules/mod_ssl.so" ] || skip "Apache's modules are not in $modules"
make_server_keys

write_configuration() {
  local type module
  echo "ServerRoot $work"
  for module in "mpm_$1" authz_core dir socache_shmcb ssl; do
    echo "LoadModule ${module}_module $modules/mod_$module.so"
  done
  [ "$(id -u)" -ne 0 ] || printf '%s\n' "User $worker_user" "Group $worker_group"
  printf '%s\n' 'ServerName localhost' "PidFile $work/apache.pid" "ErrorLog $work/apache-error.log" \
    "DefaultRuntimeDir $work" "Listen 127.0.0.1:$port" 'SSLSessionCache none' \
    'SSLProtocol -all +TLSv1.2 +TLSv1.3' "DocumentRoot $work/www"
  for type in "${server_types[@]}"; do
    printf '%s\n' "<VirtualHost 127.0.0.1:$port>" "ServerName $type.test" 'SSLEngine on' \
      "SSLCertificateFile $work/$type.crt" "SSLCertificateKeyFile $work/$type.ref" '</VirtualHost>'
  done
}

reloads() { grep -c 'resuming normal operations' "$work/apache-error.log"; }
reloaded() { [ "$(reloads)" -gt "$1" ]; }

for mpm in event prefork; do
  for order in "${orders[@]}"; do
    port=$(free_port)
    : > "$work/apache-error.log"
    write_configuration "$mpm" > "$work/apache.conf"
    start apache setsid env OPENSSL_CONF="$(provider_conf "$order")" apache2 -f "$work/apache.conf" -DFOREGROUND
    wait_for_port "$port" apache
    for type in "${server_types[@]}"; do serves "$port" "$order" "$type"; done
    before=$(reloads)
    kill -USR1 "${started[apache]}"
    wait_until 10 reloaded "$before" || fail "Apache does not reload: $mpm, $order"
    for type in "${server_types[@]}"; do serves "$port" "$order" "$type"; done
    stop apache || fail "Apache ends with status $?: $mpm, $order"
    no_crash "$work/apache-error.log"
  done
done
