#!/bin/bash
# Programs that cannot use a reference (docs/programs.md says why): they work with key files as ever
# while the provider is configured, and where one of them crashes, it is not in our code.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need ssh-keygen
make_server_keys
cd "$work"
for type in "${server_types[@]}"; do make_key "$type" "file-$type.key"; done
make_certificate file-p256.key client client.crt
chmod 600 ./*.key ./*.ref
echo message > message

have() { command -v "$1" > /dev/null || { echo "SKIPPED in part: $1 is not installed (tools/test --all installs it)" >&2; false; }; }

# refused COMMAND…: fails, by an error of its own or by a crash outside of our code.
refused() {
  local status=0
  "$@" > out 2> err < /dev/null || status=$?
  [ "$status" -ne 0 ] || fail "works: $*"
  if grep -s keystore crashes/seen; then fail "crashes in our code: $*"; fi
  rm -f crashes/seen
}

ruby_signs='require "openssl"; key = OpenSSL::PKey.read(File.read(ARGV[0]))
exit key.verify("SHA256", key.sign("SHA256", "x"), "x")'
node_signs='const crypto = require("crypto"), key = crypto.createPrivateKey(require("fs").readFileSync(process.argv[1]))
process.exit(crypto.verify("sha256", "x", crypto.createPublicKey(key), crypto.sign("sha256", "x", key)) ? 0 : 1)'

port=$(free_port)
start server openssl s_server -accept "127.0.0.1:$port" -www -cert client.crt -key file-p256.key \
  -CAfile ca.crt -Verify 2 -verify_return_error
wait_for_port "$port" server
by_wget() {
  with_provider "$order" wget -q -O - --tries=1 --timeout=20 --ca-certificate ca.crt --certificate client.crt --private-key "$1" \
    "https://localhost:$port/"
}

for order in "${orders[@]}"; do
  for type in "${server_types[@]}"; do
    expect 0 with_provider "$order" ssh-keygen -y -f "file-$type.key"
    refused with_provider "$order" ssh-keygen -y -f "$type.ref"
  done
  if have ruby; then
    expect 0 with_provider "$order" ruby -e "$ruby_signs" file-rsa2048.key
    for type in "${server_types[@]}"; do refused with_provider "$order" ruby -e "$ruby_signs" "$type.ref"; done
  fi
  if have node; then
    expect 0 with_provider "$order" node -e "$node_signs" file-rsa2048.key
    refused with_provider "$order" node -e "$node_signs" rsa2048.ref
  fi
  if have wget; then
    expect 0 by_wget file-p256.key
    refused by_wget p256.ref
  fi
done

# OpenSSH by PKCS#11, without us.
expect 0 ssh-keygen -D "$module"
grep -q '^ssh-rsa ' out || fail "ssh-keygen -D lists no key"

# HAProxy with chroot: every handshake fails, nothing crashes, it ends as it should.
have haproxy || exit 0
cat p256.ref p256.crt > p256.pem
mkdir -m 755 empty
port=$(free_port)
{
  printf '%s\n' 'global' 'log stderr format raw local0' "chroot $work/empty"
  [ "$(id -u)" -ne 0 ] || printf '%s\n' "user $worker_user" "group $worker_group"
  printf '%s\n' 'defaults' 'mode http' 'timeout client 20s' 'timeout server 20s' 'timeout connect 20s' \
    'frontend web' "bind 127.0.0.1:$port ssl crt $work/p256.pem" 'http-request return status 200'
} > haproxy.cfg
[ "$(id -u)" -eq 0 ] || exit 0  # only root may change the root
start haproxy env OPENSSL_CONF="$(provider_conf default-first)" haproxy -W -db -f haproxy.cfg
wait_for_port "$port" haproxy
expect 35 fetch p256.test "$port" 1.3
expect 35 fetch p256.test "$port" 1.2
status=0
stop haproxy || status=$?
case $status in 0 | 143) ;; *) fail "HAProxy ends with status $status" ;; esac
no_crash haproxy.log

# In one process, and with the token opened before: it works.
sed -i '/^user\|^group/d' haproxy.cfg
printf '%s\n' '[openssl]' 'eager = true' >> "$KEYSTORE_CONFIG"
for type in p256 rsa2048; do
  cat "$type.ref" "$type.crt" > p256.pem
  start haproxy env OPENSSL_CONF="$(provider_conf default-first)" haproxy -db -f haproxy.cfg
  wait_for_port "$port" haproxy
  for version in "${versions[@]}"; do expect 0 fetch "$type.test" "$port" "$version"; done
  stop haproxy || [ $? -eq 143 ] || fail "HAProxy ends with status $?"
  no_crash haproxy.log
done
