#!/bin/bash
# What the user of a program sees when the token is away at the start (the server starts, handshakes
# fail with a line in its log, and work when the token is back), when another key has taken the
# place of the reference's, and when its PIN is wrong.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need nginx
make_server_keys
type=p256
cd "$work"

# says FILE TEXT: soon; a client may know before the log does.
says() { wait_until 10 grep -qF -- "$2" "$1" || fail "does not say '$2': $(tail -n 5 "$1")"; }
listens() { grep -q ACCEPT server.log || ! running server; }

# start_nginx ORDER
start_nginx() {
  port=$(free_port)
  {
    [ "$(id -u)" -ne 0 ] || echo "user $worker_user;"
    printf '%s\n' 'daemon off;' 'worker_processes 2;' "pid $work/nginx.pid;" "error_log $work/nginx-error.log;" \
      'events {}' 'http {' 'access_log off;' 'ssl_protocols TLSv1.2 TLSv1.3;'
    for temp in client_body proxy fastcgi uwsgi scgi; do echo "${temp}_temp_path $work/nginx-temp;"; done
    echo "server { listen 127.0.0.1:$port ssl; server_name $type.test; ssl_certificate $work/$type.crt;"
    echo "ssl_certificate_key $work/$type.ref; root $work/www; } }"
  } > nginx.conf
  : > nginx-error.log
  start nginx env OPENSSL_CONF="$(provider_conf "$1")" nginx -p "$work" -e "$work/nginx-error.log" -c "$work/nginx.conf"
  wait_for_port "$port" nginx
}
start_s_server() {
  port=$(free_port)
  start server env OPENSSL_CONF="$(provider_conf "$1")" openssl s_server -accept "127.0.0.1:$port" -www \
    -cert "$type.crt" -key "$type.ref"
  wait_until 10 listens || fail "s_server does not start: $1"
}

absent='no token '"'test'"
for order in "${orders[@]}"; do
  mv tokens elsewhere
  mkdir tokens
  chmod 755 tokens
  start_nginx "$order"
  nginx_port=$port
  start_s_server "$order"
  expect 35 fetch "$type.test" "$nginx_port" 1.3
  says nginx-error.log "$absent"
  expect 35 fetch localhost "$port" 1.2
  says server.log "$absent"
  rmdir tokens
  mv elsewhere tokens
  wait_until 20 fetch "$type.test" "$nginx_port" 1.3 > out || fail "nginx does not find the token again: $order"
  serves "$nginx_port" "$order" "$type"
  wait_until 20 fetch localhost "$port" 1.2 > out || fail "s_server does not find the token again: $order"
  expect 0 fetch localhost "$port" 1.3
  stop nginx QUIT || fail "nginx ends with status $?: $order"
  stop server || [ "$?" -eq 143 ] || fail "s_server ends badly: $order"
done

# Another key under the same label and id.
expect 0 "$keystore" show "pkcs11:token=test;object=$type;type=private" --pin "file:$pin_file" --json
id=$("$python" -c 'import json; print(json.load(open("out"))["id"])')
expect 0 "$keystore" rm "pkcs11:token=test;object=$type;type=private" --pin "file:$pin_file" --yes
make_key "$type" other.key
expect 0 "$keystore" import other.key pkcs11:token=test --label "$type" --id "$id" --pin "file:$pin_file"
[ "$(id -u)" -ne 0 ] || chown -R "$worker_user:" tokens
swapped='is not the one that its reference was written for: the token was swapped or the object replaced'
for order in "${orders[@]}"; do
  start_nginx "$order"
  expect 35 fetch "$type.test" "$port" 1.3
  says nginx-error.log "$swapped"
  stop nginx QUIT || fail "nginx ends with status $?: $order"
  expect 1 with_provider "$order" openssl dgst -sha256 -sign "$type.ref" "$type.crt"
  says err "$swapped"
done

# A wrong PIN in the source, which workers cannot read: tried once by nginx and all its workers, and
# named each time.
type=rsa2048
printf wrong-pin > "$pin_file"
start_nginx default-first
named() { [ "$(grep -cE "cannot log in to token 'test': .*PIN was refused" nginx-error.log)" -ge "$1" ]; }
for try in 1 2 3 4 5 6; do
  expect 35 fetch "$type.test" "$port" 1.3
  wait_until 10 named "$try" || fail "the refused PIN is not named: $(tail -n 2 nginx-error.log)"
done
says nginx-error.log "cannot log in to token 'test': the PIN was refused ("
printf '%s' "$pin" > "$pin_file"
kill -HUP "${started[nginx]}"
wait_until 20 fetch "$type.test" "$port" 1.3 > out || fail "nginx does not take the corrected PIN"
stop nginx QUIT || fail "nginx ends with status $?"

# A program that keeps its reasons to itself: they are in the log of the configuration, a line for many.
printf wrong-pin > "$pin_file"
printf '%s\n' '[log]' "to = \"file:$work/keystore.log\"" >> "$KEYSTORE_CONFIG"
start server env OPENSSL_CONF="$(provider_conf default-first)" "$python" \
  "$KEYSTORE_SOURCE/tests/programs/https_server.py" "$type.crt" "$type.ref" 3 children
wait_until 10 test -s server.log || fail "no server"
port=$(head -1 server.log)
for _ in 1 2 3; do expect 35 fetch localhost "$port" 1.3; done
finish server && fail "the failed handshakes of Python's children go unseen"
says keystore.log "cannot log in to token 'test': "
says keystore.log 'PIN was refused'
