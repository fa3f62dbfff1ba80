#!/bin/bash
# Promise: `keystore check` without a target looks at every identity as far as that needs no login, and one
# whose token is away is judged by its certificates all the same.
. "$KEYSTORE_SOURCE/tests/verify/doctor/lib.sh"

softhsm_token prod
openssl_conf default-first openssl.cnf
export OPENSSL_CONF=$work/openssl.cnf
make root /CN=Root '' "${ca[@]}"
make web /CN=www.example.org root "${leaf[@]}"
make other /CN=other.example.org root "${leaf[@]}"
days=10 make old /CN=old.example.org root "${leaf[@]}"
trust=(--trust root.pem)
later=(--at "$(date -u -d '20 days' +%FT%TZ)")  # the old one has expired then
cat web.key web.pem > combined.pem
"$keystore" import combined.pem pkcs11:token=prod --pin "file:$pin_file" > /dev/null
cp "$KEYSTORE_CONFIG" plain.toml
# identities LINE…: what the configuration says of identities.
identities() { { cat plain.toml; printf '%s\n' "$@"; } > "$KEYSTORE_CONFIG"; }
object='key = "pkcs11:token=prod;object=combined"'
away='key = "pkcs11:token=staging;object=web"'
pin="pin = \"file:$pin_file\""
chain() { printf 'chain = "file:%s"' "$work/$1.pem"; }

# On a token: what it shows without a login belongs to the certificate, or does not.
identities '[identities.web]' "$object" "$pin"
found 0 ''
found 0 '' --soon 10
found 0 'warning cert.expires-soon' --soon 90
identities '[identities.web]' "$object" "$pin" "$(chain web)"
found 0 ''
identities '[identities.web]' "$object" "$pin" "$(chain other)"
found 1 'error key.mismatch'
identities '[identities.web]' "$object" "$pin" "$(chain old)"
found 1 'error cert.expired, error key.mismatch' "${later[@]}"
identities '[identities.web]' "$object" "$pin" "$(chain nowhere)"
found 3 ''
ask 'report["error"]["message"]' | grep -qF "$work/nowhere.pem" || fail 'the chain that is missing is not named'

# In a file.
identities '[identities.web]' "key = \"file:$work/web.key\"" "$(chain web)"
found 0 ''
noted key.not-encrypted
identities '[identities.web]' "key = \"file:$work/web.key\"" "$(chain other)"
found 1 'error key.mismatch'
chmod 644 web.key
found 1 'error key.mismatch, error key.readable-by-others'
chmod 600 web.key
openssl pkey -in web.key -aes256 -passout pass:secret -out locked.key
identities '[identities.web]' "key = \"file:$work/locked.key\"" 'pin = "pass:secret"' "$(chain other)"
found 1 'error key.mismatch'
identities '[identities.web]' "key = \"file:$work/locked.key\"" 'pin = "pass:wrong"' "$(chain other)"
found 4 'error pin.source'
# Nobody is asked, and no program is run, for that.
for source in prompt "cmd:touch $work/ran"; do
  identities '[identities.web]' "key = \"file:$work/locked.key\"" "pin = \"$source\"" "$(chain web)"
  found 0 ''
done
[ ! -e ran ] || fail 'a program was run for a PIN'

# Away: each identity is told of, and its certificates are judged.
identities '[identities.web]' "$away" "$pin" "$(chain web)" '[identities.old]' "$away" "$(chain old)"
found 1 'error cert.expired, error token.absent' "${later[@]}"
found 1 'error token.absent' keystore:web "${trust[@]}"
found 1 'error cert.host-mismatch, error token.absent' keystore:web "${trust[@]}" --host www.example.net
found 1 'error cert.purpose, error token.absent' keystore:web "${trust[@]}" --purpose client
found 1 'error cert.expired, error token.absent' keystore:old "${trust[@]}" "${later[@]}"
found 1 'error token.absent' 'pkcs11:token=staging;object=web' web.pem "${trust[@]}"
found 1 'error token.absent' 'pkcs11:token=staging;object=a' 'pkcs11:token=staging;object=b' "${trust[@]}"
verdicts 'fail fail'

# As it is after a PIN that is refused.
printf wrong-pin > wrong.pin
identities '[identities.old]' "$object" "pin = \"file:$work/wrong.pin\"" "$(chain old)"
found 4 'error cert.expired, error pin.source' keystore:old "${trust[@]}" "${later[@]}"

# No try of a PIN is used up, however often the machine is looked at.
export KEYSTORE_TEST_MODULE=$module KEYSTORE_TEST_COUNTS=$work/counts KEYSTORE_TEST_FAULTS=$work/faults
sed -i "s|^path = .*|path = \"$KEYSTORE_BUILD/tests/tokens/libkeystore-test-token.so\"|" "$KEYSTORE_CONFIG"
echo 'pin-tries 2' > "$KEYSTORE_TEST_FAULTS"
for _ in 1 2 3; do found 1 'error cert.expired, error key.mismatch' "${later[@]}"; done
[ "$("$KEYSTORE_BUILD/tests/tokens/print-counts" "$work/counts" C_Login)" = 0 ] || fail 'somebody logged in'
echo 'C_FindObjects hang' > "$KEYSTORE_TEST_FAULTS"
found 1 'error cert.expired, error token.stuck' --timeout 2 "${later[@]}"
