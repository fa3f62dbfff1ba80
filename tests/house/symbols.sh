#!/bin/bash
# Promise: the provider exports OSSL_provider_init alone; our libraries export our namespace (and
# those for C what begins with ks_) alone, nothing unique, and are never unloaded.
set -u
cd "$KEYSTORE_BUILD" || exit 1
status=0
fail() { printf 'FAIL %s\n' "$*"; status=1; }

exports() { nm -D --defined-only --format=posix "$1" | awk '$2 != "A" {print $1}' | sed 's/@.*//'; }

provider=lib/ossl-modules/keystore.so
[ "$(exports $provider)" = OSSL_provider_init ] || fail "$provider exports: $(exports $provider | head -5 | tr '\n' ' ')"

for library in lib/libkeystore.so lib/libkeystore-verify.so lib/libkeystore-lifecycle.so lib/libkeystore-openssl.so lib/libkeystore-botan.so \
    lib/libkeystore-token-admin.so lib/libkeystore-c.so lib/libkeystore-openssl-c.so lib/libkeystore-verify-c.so $provider; do
  [ -e "$library" ] || { fail "$library is missing"; continue; }
  foreign=$(exports "$library" | c++filt | grep -vE '^(keystore::|(typeinfo|typeinfo name|vtable|guard variable|VTT) for keystore::|OSSL_provider_init$|ks_[a-z0-9_]+$)')
  [ -z "$foreign" ] || fail "$library exports: $(head -5 <<<"$foreign")"
  unique=$(nm -D --defined-only "$library" | awk '$2 == "u"')
  [ -z "$unique" ] || fail "$library has unique symbols: $(head -3 <<<"$unique")"
  readelf -d "$library" | grep -q NODELETE || fail "$library can be unloaded"
done
exit $status
