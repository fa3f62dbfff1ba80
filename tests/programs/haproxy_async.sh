#!/bin/bash
# HAProxy with asynchronous jobs and threads: a key on a slow token serves many clients at once, and
# as many that leave in the middle of the handshake; no crash, no descriptor and little memory is
# left of them.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need haproxy
make_server_keys
echo 'C_Sign delay=5' > "$work/faults"
cat > "$KEYSTORE_CONFIG" << END
[modules.slow]
path = "$KEYSTORE_BUILD/tests/tokens/libkeystore-test-token.so"
env = { SOFTHSM2_CONF = "$SOFTHSM2_CONF", KEYSTORE_TEST_MODULE = "$module", KEYSTORE_TEST_FAULTS = "$work/faults" }
END
cat "$work/p256.ref" "$work/p256.crt" > "$work/p256.pem"
port=$(free_port)

cat > "$work/haproxy.cfg" << CONFIGURATION
global
log stderr format raw local0 err
nbthread 2
maxconn 500
ssl-mode-async
defaults
mode http
timeout client 20s
timeout server 20s
timeout connect 20s
frontend web
bind 127.0.0.1:$port ssl crt $work/p256.pem ssl-min-ver TLSv1.2
http-request return status 200 content-type text/plain file $work/www/index.html
CONFIGURATION

server_pid() { echo "${started[haproxy]}"; }
descriptors() { find "/proc/$(server_pid)/fd" -mindepth 1 | wc -l; }
resident_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$(server_pid)/status"; }
# clients STAY LEAVE: so many that get the page, so many that leave when the server is about to sign.
clients() { "$python" "$KEYSTORE_SOURCE/tests/programs/async_clients.py" "$port" "$work/ca.crt" "$@"; }
no_more_descriptors() { [ "$(descriptors)" -le "$1" ]; }

start haproxy env OPENSSL_CONF="$(provider_conf default-first)" haproxy -db -f "$work/haproxy.cfg"
wait_for_port "$port" haproxy
for version in "${versions[@]}"; do
  expect 0 fetch p256.test "$port" "$version"
  cmp -s "$work/out" "$work/www/index.html" || fail "wrong answer: TLS $version"
done
expect 0 clients 64 64
wait_until 20 no_more_descriptors 40 || fail "descriptors are left over: $(descriptors)"
before=$(descriptors)
memory=$(resident_kib)
leavers=400
expect 0 clients 64 "$leavers"
wait_until 20 no_more_descriptors "$before" || fail "from $before to $(descriptors) descriptors"
# What OpenSSL 3.0 leaks of a job whose connection is freed while it is paused, and as much again.
grown=$(($(resident_kib) - memory))
echo "$leavers clients that left cost $grown KiB"
[ "$grown" -le $((leavers * 80)) ] || fail "$leavers clients that left cost $grown KiB"
expect 0 fetch p256.test "$port" 1.3
status=0
stop haproxy || status=$?
case $status in 0 | 143) ;; *) fail "HAProxy ends with status $status" ;; esac
no_crash "$work/haproxy.log"
