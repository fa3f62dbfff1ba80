#!/bin/bash
# Promise: a program that only signs, and the provider, load neither Botan nor libcurl nor libp11;
# libp11 is loaded by token administration alone.
set -u
cd "$KEYSTORE_BUILD" || exit 1
status=0
needed() { readelf -d "$1" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p'; }

for file in lib/libkeystore.so lib/libkeystore-openssl.so lib/libkeystore-c.so lib/libkeystore-openssl-c.so lib/ossl-modules/keystore.so; do
  bad=$(needed "$file" | grep -E '^lib(botan|curl|p11\.)')
  [ -z "$bad" ] || { echo "FAIL $file links $bad"; status=1; }
done
bad=$(ldd lib/libkeystore.so lib/ossl-modules/keystore.so | grep -E 'lib(botan|curl)')
[ -z "$bad" ] || { echo "FAIL signing loads $bad"; status=1; }
for library in curl botan-2; do
  needed lib/libkeystore-verify.so | grep -q "^lib$library\." || { echo "FAIL verification lost lib$library"; status=1; }
done
needed lib/libkeystore-botan.so | grep -q '^libbotan-2\.' || { echo 'FAIL the binding for Botan lost libbotan'; status=1; }
bad=$(needed lib/libkeystore-botan.so | grep -E '^lib(curl|p11\.|keystore-)')
[ -z "$bad" ] || { echo "FAIL the binding for Botan links $bad"; status=1; }
needed lib/libkeystore-token-admin.so | grep -q '^libp11\.' || { echo 'FAIL token administration lost libp11'; status=1; }
exit $status
