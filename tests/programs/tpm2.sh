#!/bin/bash
# Keys that tpm2_ptool made in a TPM serve TLS: openssl s_server with one, curl as the client with
# another, TLS 1.2 and 1.3, both through references that were written before; and go on after the
# resource manager in front of the TPM was restarted.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"

# start_tpm: a TPM in software and its resource manager, both in $work and on sockets there.
start_tpm() {
  need swtpm dbus-daemon dbus-send tpm2-abrmd tpm2_ptool tpm2_getrandom
  module=$(ls /usr/lib/*/pkcs11/libtpm2_pkcs11.so 2> /dev/null) || skip "libtpm2_pkcs11.so is not installed"
  export TPM2_PKCS11_STORE=$work/store TPM2_PKCS11_TCTI=tabrmd:bus_type=session
  export TPM2TOOLS_TCTI=$TPM2_PKCS11_TCTI DBUS_SESSION_BUS_ADDRESS=unix:path=$work/bus
  mkdir "$work/state" "$TPM2_PKCS11_STORE"
  start swtpm swtpm socket --tpm2 --tpmstate "dir=$work/state" --flags not-need-init,startup-clear \
    --server "type=unixio,path=$work/tpm" --ctrl "type=unixio,path=$work/tpm.ctrl"
  wait_until 20 tpm_answers "swtpm:path=$work/tpm" || fail "swtpm does not start"
  start bus dbus-daemon --session --nofork --nopidfile "--address=unix:path=$work/bus"
  wait_until 20 bus_answers || fail "dbus-daemon does not start"
  start_resource_manager
}
start_resource_manager() {
  start abrmd tpm2-abrmd --session --allow-root "--tcti=swtpm:path=$work/tpm"
  wait_until 20 tpm_answers "$TPM2TOOLS_TCTI" || fail "tpm2-abrmd does not start"
}
tpm_answers() { tpm2_getrandom "--tcti=$1" --hex 1 > /dev/null; }
bus_answers() { dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetId > /dev/null; }

# make_tpm_token LABEL: as the handbook of tpm2-pkcs11 does it.
make_tpm_token() {
  pin=4711-user-pin
  pin_file=$work/pin
  (umask 077; printf '%s' "$pin" > "$pin_file")
  expect 0 tpm2_ptool init
  expect 0 tpm2_ptool addtoken --pid=1 "--label=$1" "--userpin=$pin" --sopin=4711-officer-pin
  printf '%s\n' '[modules.tpm]' "path = \"$module\"" '[modules.tpm.env]' \
    "TPM2_PKCS11_STORE = \"$TPM2_PKCS11_STORE\"" "TPM2_PKCS11_TCTI = \"$TPM2_PKCS11_TCTI\"" \
    "DBUS_SESSION_BUS_ADDRESS = \"$DBUS_SESSION_BUS_ADDRESS\"" > "$KEYSTORE_CONFIG"
}

# make_tpm_key NAME ALGORITHM: made by tpm2_ptool; $work/NAME.ref stands for it, $work/NAME.crt is
# its certificate.
make_tpm_key() {
  expect 0 tpm2_ptool addkey --label=web "--userpin=$pin" "--key-label=$1" "--algorithm=$2"
  expect 0 "$keystore" ref "pkcs11:token=web;object=$1;type=private" --pin "file:$pin_file" \
    --out "$work/$1.ref"
  expect 0 "$keystore" csr "$work/$1.ref" --subject "CN=$1" --out "$work/$1.csr"
  printf 'subjectAltName=DNS:localhost\n' > "$work/extensions"
  expect 0 openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -days 20 \
    -CAcreateserial -extfile "$work/extensions" -out "$work/$1.crt"
}

listens() { grep -q ACCEPT "$work/server.log" || ! running server; }

# serve SERVER CLIENT: with these two keys.
serve() {
  local port version
  port=$(free_port)
  start server env OPENSSL_CONF="$(provider_conf default-first)" openssl s_server -www \
    -accept "127.0.0.1:$port" -cert "$work/$1.crt" -key "$work/$1.ref" -naccept "${#versions[@]}" \
    -CAfile "$work/ca.crt" -Verify 2 -verify_return_error
  wait_until 10 listens || fail "s_server does not start: $1"
  for version in "${versions[@]}"; do
    expect 0 with_provider default-first curl -sS --max-time 20 --noproxy '*' \
      --cacert "$work/ca.crt" --cert "$work/$2.crt" --key "$work/$2.ref" \
      "--tlsv$version" --tls-max "$version" "https://localhost:$port/"
    grep -q "Protocol  *: *TLSv$version" "$work/out" || fail "not TLS $version: $1 for $2"
    grep -q "Subject: CN *= *$2" "$work/out" || fail "no client certificate: $1 for $2"
  done
  finish server || fail "s_server ends with status $?: $1"
}

# outlive_resource_manager KEY: a server that has used the key serves again after the TPM's resource
# manager was restarted.
outlive_resource_manager() {
  local port
  port=$(free_port)
  start server env OPENSSL_CONF="$(provider_conf default-first)" openssl s_server -www \
    -accept "127.0.0.1:$port" -cert "$work/$1.crt" -key "$work/$1.ref"
  wait_until 10 listens || fail "s_server does not start: $1"
  expect 0 fetch localhost "$port" 1.3
  stop abrmd || true
  expect 35 fetch localhost "$port" 1.3
  start_resource_manager
  wait_until 20 fetch localhost "$port" 1.3 > /dev/null || fail "the server does not serve again: $1"
  stop server || true
}

start_tpm
make_ca
make_tpm_token web
make_tpm_key ec ecc256
make_tpm_key rsa rsa2048
serve ec rsa
serve rsa ec
outlive_resource_manager ec
