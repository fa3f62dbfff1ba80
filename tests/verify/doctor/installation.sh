#!/bin/bash
# Promise: `keystore check` without a target judges the installation: its configuration, modules, tokens,
# PIN sources, and whether OpenSSL's configuration loads the provider behind default.
. "$KEYSTORE_SOURCE/tests/verify/doctor/lib.sh"

softhsm_token prod
good_conf=$work/openssl.cnf
openssl_conf default-first "$good_conf"
export OPENSSL_CONF=$good_conf

# Sound.
found 0 ''
verdicts ok
[ "$(ask 'targets[0]["target"]')" = installation ] || fail 'the target has another name'

# OpenSSL's configuration.
openssl_conf ours-first ours-first.cnf
OPENSSL_CONF=$work/ours-first.cnf found 0 'warning provider.order'
openssl_conf preferred preferred.cnf
OPENSSL_CONF=$work/preferred.cnf found 0 'warning provider.order'
sed '/^default = /d' "$good_conf" > without-default.cnf
export OPENSSL_CONF=$work/without-default.cnf
found 1 'error provider.default-missing'
mend provider.default-missing
found 0 ''
printf '[default]\nopenssl_conf = main\n[main]\n' > plain.cnf
export OPENSSL_CONF=$work/plain.cnf
found 0 'warning provider.not-loaded'
mend provider.not-loaded
found 0 ''
sed "s|^module = .*|module = $work/nowhere.so|" "$good_conf" > broken.cnf
OPENSSL_CONF=$work/broken.cnf found 1 'error provider.not-loaded'
# What Debian ships says nothing of default until another provider is loaded.
if [ -f /etc/ssl/openssl.cnf ]; then
  cp /etc/ssl/openssl.cnf debian.cnf
  OPENSSL_CONF=$work/debian.cnf found 0 'warning provider.not-loaded'
  OPENSSL_CONF=$work/debian.cnf mend provider.not-loaded
  OPENSSL_CONF=$work/debian.cnf found 0 ''
fi
export OPENSSL_CONF=$good_conf

# PIN sources of identities, and the configuration itself.
cat >> "$KEYSTORE_CONFIG" <<TOML
[identities.web]
key = "pkcs11:token=prod;object=web"
pin = "file:$work/web.pin"
TOML
found 1 'error pin.source'
printf '%s' "$pin" > web.pin
found 0 ''
chmod 644 web.pin
found 0 'warning pin.source'
mend pin.source
chmod 666 "$KEYSTORE_CONFIG"
found 1 'error module.permissions'
mend module.permissions
echo 'colour = "red"' >> "$KEYSTORE_CONFIG"
found 2 ''
sed -i '/^colour/d' "$KEYSTORE_CONFIG"

# Modules and PINs.
cp "$module" second.so
printf '[modules.second]\npath = "%s"\n' "$work/second.so" >> "$KEYSTORE_CONFIG"
found 0 ''
chmod 777 second.so
found 1 'error module.permissions'
mend module.permissions
printf '[modules.third]\npath = "%s"\n' "$work/third.so" >> "$KEYSTORE_CONFIG"
found 1 'error module.load'
# One that crashes, and one that hangs, stop nothing.
cat > third.c <<'C'
__attribute__((constructor)) static void crash(void) { *(volatile int*)0 = 0; }
C
${CC:-cc} -shared -fPIC -o third.so third.c
found 1 'error module.load'
export KEYSTORE_TEST_MODULE=$module KEYSTORE_TEST_COUNTS=$work/counts KEYSTORE_TEST_FAULTS=$work/faults
sed -i "s|^path = .*third.so.*|path = \"$KEYSTORE_BUILD/tests/tokens/libkeystore-test-token.so\"|" "$KEYSTORE_CONFIG"
echo 'C_Initialize hang' > "$KEYSTORE_TEST_FAULTS"
found 1 'error token.stuck' --timeout 2

# PINs as hardware counts them. Who reads the finding types what its command asks for.
# mend_typing CODE ARGUMENTS…: as mend, with what would be typed.
mend_typing() {
  local code=$1 command
  shift
  command=$(ask "[f['fix']['command'] for f in findings if f['code'] == '$code'][0]")
  PATH=$(dirname "$keystore"):$PATH expect 0 bash -c "$command $*"
  found 0 ''
}
keystore_toml "$KEYSTORE_BUILD/tests/tokens/libkeystore-test-token.so"
echo 'pin-tries 2' > "$KEYSTORE_TEST_FAULTS"
found 0 ''
"$keystore" new ec.pem --type ec:p256 > /dev/null
wrong() { "$keystore" import ec.pem 'pkcs11:token=prod;object=x' --pin pass:wrong > /dev/null 2>&1 || true; }
wrong
found 1 'error pin.final-try'
mend_typing pin.final-try --pin "file:$pin_file" --new-pin "file:$pin_file"
echo 'pin-tries 9' > "$KEYSTORE_TEST_FAULTS"
wrong
wrong
echo 'pin-tries 2' > "$KEYSTORE_TEST_FAULTS"
found 1 'error pin.locked'
printf '%s' "$so_pin" > so.pin
mend_typing pin.locked --pin "file:$pin_file" --so-pin "file:$work/so.pin"
