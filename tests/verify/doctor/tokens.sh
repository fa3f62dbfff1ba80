#!/bin/bash
# Promise: `keystore check` finds what is wrong with modules, tokens, PINs and the keys on them, and is
# not stopped by a module that hangs or crashes.
. "$KEYSTORE_SOURCE/tests/verify/doctor/lib.sh"

softhsm_token prod
make root /CN=Root '' "${ca[@]}"
make web /CN=www.example.org root "${leaf[@]}"
cat web.key web.pem > combined.pem
trust=(--trust root.pem)
pin=pin-source=file:$pin_file
object="pkcs11:token=prod;object=combined"
"$keystore" import combined.pem pkcs11:token=prod --pin "file:$pin_file" > /dev/null
"$keystore" ref "$object" --pin "file:$pin_file" --out web.ref > /dev/null
cat web.ref web.pem > reference.pem

# Sound.
found 0 '' "$object?$pin" "${trust[@]}"
found 0 '' "pkcs11:token=prod?$pin" "${trust[@]}"
found 0 '' "pkcs11:token=prod" "${trust[@]}" --pin "file:$pin_file"
found 0 '' web.ref web.pem "${trust[@]}"
found 0 '' reference.pem "${trust[@]}"
found 0 '' "$object?$pin" web.pem "${trust[@]}"
cat >> "$KEYSTORE_CONFIG" <<TOML
[identities.web]
key = "$object"
chain = "file:$work/web.pem"
pin = "file:$pin_file"
[identities.away]
key = "pkcs11:token=staging;object=web"
pin = "file:$pin_file"
TOML
found 0 '' keystore:web "${trust[@]}"

# Tokens and objects that are not there.
found 1 'error token.absent' 'pkcs11:token=staging;object=web' "${trust[@]}"
found 1 'error token.absent' keystore:away "${trust[@]}"
check 'pkcs11:token=prod;object=nobody' --pin "file:$pin_file"
[ "$status" = 3 ] || { show_report; fail "an object that is not there: exit $status"; }

# Keys.
make other /CN=www.example.org root "${leaf[@]}"
found 1 'error key.mismatch' web.ref other.pem "${trust[@]}"
drop_key() { "$keystore" rm "$object;type=private" --pin "file:$pin_file" --yes > /dev/null; }
"$keystore" new 'pkcs11:token=prod;object=free' --type ec:p256 --extractable --pin "file:$pin_file" > /dev/null
found 0 'warning key.extractable' "pkcs11:token=prod;object=free?$pin" "${trust[@]}"
drop_key
found 1 'error key.missing' web.ref web.pem "${trust[@]}"
named=$("$keystore" ls web.ref | cut -d' ' -f1)  # with the id of the key that was there
"$keystore" import other.key "${named/;type=private/}" --pin "file:$pin_file" > /dev/null
found 1 'error key.mismatch' web.ref web.pem "${trust[@]}"
drop_key
"$keystore" import web.key "${named/;type=private/}" --pin "file:$pin_file" > /dev/null
found 0 '' web.ref web.pem "${trust[@]}"

# PIN sources.
cp "$pin_file" open.pin
chmod 644 open.pin
found 0 'warning pin.source' "$object?pin-source=file:$work/open.pin" "${trust[@]}"
mend pin.source "$object?pin-source=file:$work/open.pin" "${trust[@]}"
found 1 'error pin.source' "$object?pin-source=file:$work/nowhere.pin" "${trust[@]}"
mv "$pin_file" away.pin
found 1 'error pin.source' web.ref web.pem "${trust[@]}"
found 1 'error pin.source' keystore:web "${trust[@]}"
mv away.pin "$pin_file"
printf wrong-pin > wrong.pin
found 4 'error pin.source' "$object?pin-source=file:$work/wrong.pin" "${trust[@]}"
found 4 'error pin.source' "$object" "${trust[@]}"

# Modules.
cp "$module" open-module.so
chmod 666 open-module.so
open="$object?$pin&module-path=$work/open-module.so"
found 1 'error module.permissions' "$open" "${trust[@]}"
mend module.permissions "$open" "${trust[@]}"
found 0 '' "$open" "${trust[@]}"
found 1 'error module.load' "pkcs11:?module-path=$work/nowhere.so"
found 1 'error module.load' "pkcs11:?module-path=$work/web.pem"
found 1 'error module.load' 'pkcs11:?module-name=nobody'

# The module of these tests, which wraps SoftHSM, does as it is told.
export KEYSTORE_TEST_MODULE=$module KEYSTORE_TEST_COUNTS=$work/counts KEYSTORE_TEST_FAULTS=$work/faults
: > "$KEYSTORE_TEST_FAULTS"
sed -i "s|^path = .*|path = \"$KEYSTORE_BUILD/tests/tokens/libkeystore-test-token.so\"|" "$KEYSTORE_CONFIG"
faults() { printf '%s\n' "$@" > faults.new && mv faults.new "$KEYSTORE_TEST_FAULTS"; }
found 0 '' keystore:web "${trust[@]}"

faults 'C_Initialize hang'
begin=$SECONDS
found 1 'error token.stuck' keystore:web "${trust[@]}" --timeout 2
faults 'C_GetSlotList hang'
found 1 'error token.stuck' "$object" "${trust[@]}" --timeout 2
faults 'C_FindObjects hang'
found 1 'error token.stuck' "$object?$pin" "${trust[@]}" --timeout 2
faults 'C_Sign hang'
found 1 'error token.stuck' web.ref web.pem "${trust[@]}" --timeout 2
[ $((SECONDS - begin)) -lt 30 ] || fail 'a token that hangs is waited for too long'
faults 'C_Initialize code=0x30'
found 1 'error module.load' keystore:web "${trust[@]}"
faults vanish
found 1 'error token.absent' keystore:web "${trust[@]}"

faults 'token-flags set=0x40000'  # CKF_USER_PIN_LOCKED
found 1 'error pin.locked' keystore:web "${trust[@]}"
faults 'token-flags set=0x20000'  # CKF_USER_PIN_FINAL_TRY
found 1 'error pin.final-try' keystore:web "${trust[@]}"

# Mechanisms.
faults 'without 0x1041 0x1042 0x1043 0x1044 0x1045 0x1046'
found 1 'error token.mechanism' "$object?$pin" "${trust[@]}"
openssl genrsa -out rsa.key 2048 2> /dev/null
faults
"$keystore" import rsa.key 'pkcs11:token=prod;object=rsa' --pin "file:$pin_file" > /dev/null
found 0 '' "pkcs11:token=prod;object=rsa?$pin" "${trust[@]}"
faults 'without 0x3 0xD 0xE 0x43 0x44 0x45 0x46 0x47 0x63 0x67 0x68 0x69'
found 0 'warning token.mechanism' "pkcs11:token=prod;object=rsa?$pin" "${trust[@]}"

# PIN counts, as hardware has them.
faults 'pin-tries 2'
found 4 'error pin.source' "$object?pin-source=file:$work/wrong.pin" "${trust[@]}"
found 1 'error pin.final-try' "$object?$pin" "${trust[@]}"
found 1 'error pin.final-try' web.ref web.pem "${trust[@]}"
