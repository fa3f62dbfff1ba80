#!/bin/bash
# The event-loop server of examples/: one thread, a token that takes 5 ms for a signature, 64
# clients. Prints handshakes per second; asserts how many signatures are made at once.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
make_token
put_on_token p256
cat "$work/p256.ref" "$work/p256.crt" > "$work/p256.pem"
faults=$work/faults
counts=$work/counts

configure() {
  cat > "$KEYSTORE_CONFIG" << END
[modules.slow]
path = "$KEYSTORE_BUILD/tests/tokens/libkeystore-test-token.so"
env = { SOFTHSM2_CONF = "$SOFTHSM2_CONF", KEYSTORE_TEST_MODULE = "$module", KEYSTORE_TEST_FAULTS = "$faults", KEYSTORE_TEST_COUNTS = "$counts" }
[openssl]
async_workers = $1
END
}
token_is() { printf '%s\n' "$1" > "$faults.new"; mv "$faults.new" "$faults"; }
signing() { "$KEYSTORE_BUILD/tests/tokens/print-counts" "$counts" C_Sign; }
signs_at_once() { [ "$(signing)" -ge "$1" ] 2> /dev/null; }
# Nothing is signed any more for clients that have left.
is_idle() { local seen=$idle_at; idle_at=$(signing); [ "$idle_at" = "$seen" ]; }
is_ready() { grep -q ready "$work/server.log" || ! running server; }

# serve WORKERS OPTION…: the server is ready.
serve() {
  configure "$1"
  shift
  port=$(free_port)
  rm -f "$counts"
  start server "$KEYSTORE_BUILD/examples/event_loop_server" "file:$work/p256.pem" "$port" "$@"
  wait_until 20 is_ready && running server || fail "the example does not start"
  expect 0 fetch localhost "$port" 1.3
  [ "$(cat "$work/out")" = hello ] || fail "the example gives a wrong answer"
}
ends() { stop server || fail "the example ends with status $?"; }
clients() { "$KEYSTORE_BUILD/tests/examples/handshakes" "$port" "$@"; }

token_is 'C_Sign delay=5'
serve 4 --blocking
expect 0 clients 64 1500
echo "blocking: $(cat "$work/out"), at most 200"
ends
for workers in 4 8; do
  token_is 'C_Sign delay=5'
  serve "$workers"
  expect 0 clients 64 1500
  echo "$workers workers: $(cat "$work/out"), at most $((workers * 200))"
  # Not by the clock: so many signatures are inside the token while its server goes on; those that
  # hang are replaced once.
  idle_at=unknown
  wait_until 20 is_idle || fail "signatures go on without clients"
  before=$idle_at
  token_is 'C_Sign hang'
  start clients "$KEYSTORE_BUILD/tests/examples/handshakes" "$port" 64 1000
  wait_until 20 signs_at_once $((before + workers)) || fail "not $workers signatures at once"
  finish clients || true
  [ "$(signing)" -le $((before + 2 * workers)) ] || fail "more signatures at once than workers"
  token_is ''
  expect 0 fetch localhost "$port" 1.3
  ends
done
