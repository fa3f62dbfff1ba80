#!/bin/bash
# The helpers of lib.sh themselves.
set -eu
. "$KEYSTORE_SOURCE/tests/support/lib.sh"

expect 3 sh -c 'exit 3'
(expect 0 sh -c 'exit 3') 2> /dev/null && fail "expect accepts a wrong status"
if [ "$( (need no-such-program) > /dev/null 2>&1; echo $?)" -ne 77 ]; then fail "need does not skip"; fi

port=$(free_port)
start server "$python" -m http.server --bind 127.0.0.1 "$port"
wait_for_port "$port" server
server_pid=${started[server]}
status=0
stop server || status=$?
[ "$status" -eq 143 ] || fail "stop gives $status"
kill -0 "$server_pid" 2> /dev/null && fail "the server is still there"
start gone false
(wait_for_port "$port" gone) 2> /dev/null && fail "a program that ended counts as listening"

softhsm_token first
softhsm_token second
softhsm2-util --show-slots | grep -q 'Label: *first' || fail "the first token is gone"
[ "$(stat -c %a "$pin_file")" = 600 ] || fail "the PIN file is readable by others"

if (. "$KEYSTORE_SOURCE/tests/support/lib.sh"; witness_crashes; sh -c 'kill -SEGV $$' || true) > "$work/out" 2>&1; then
  fail "a crash goes unseen"
fi
grep -q 'sh: signal 11' "$work/out" || fail "the crash is not named: $(cat "$work/out")"
