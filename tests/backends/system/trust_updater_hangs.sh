#!/bin/bash
# Promise: an update-ca-certificates that never ends is ended after five minutes, with what it started; the
# change is taken back.
set -eu
. "$KEYSTORE_SOURCE/tests/support/lib.sh"
need openssl
. "$KEYSTORE_SOURCE/tests/support/own_trust_store.sh"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" \
  -subj "/O=Example/CN=Our Root" -days 30 2> "$work/req.log"
printf '#!/bin/sh\nsleep 3600 &\necho $! > %s\nwait\n' "$work/started" > "$work/hanging"
chmod 755 "$work/hanging"
mount --bind "$work/hanging" /usr/sbin/update-ca-certificates

before=$(ls /usr/local/share/ca-certificates)
begin=$SECONDS status=0
"$keystore" trust add "$work/ca.pem" --yes > "$work/out.log" 2>&1 < /dev/null || status=$?
[ "$status" = 5 ] || fail "exit $status: $(cat "$work/out.log")"
[ $((SECONDS - begin)) -lt 500 ] || fail "it was waited for $((SECONDS - begin)) seconds"
grep -q "'/usr/sbin/update-ca-certificates' did not end in 300000 ms" "$work/out.log" || fail "$(cat "$work/out.log")"
[ "$(ls /usr/local/share/ca-certificates)" = "$before" ] || fail "the change stays"
# Ended, and maybe not yet waited for by whoever inherited it.
! grep -q '^State:\s*[^ZX]' "/proc/$(cat "$work/started")/status" 2> /dev/null || fail "what it started lives on"
