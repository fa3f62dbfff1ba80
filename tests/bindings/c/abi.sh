#!/bin/bash
# The ABI of the C libraries is the recorded one: functions with their versions, structs with sizes and
# offsets (of 64-bit systems). What is there may grow at its end and never change; write it anew with
#
#   KEYSTORE_BUILD=build/dev KEYSTORE_SOURCE=. tests/bindings/c/abi.sh --record
set -eu
. "$KEYSTORE_SOURCE/tests/support/lib.sh"
recorded=$KEYSTORE_SOURCE/tests/bindings/c/abi.txt
libraries=(libkeystore-c libkeystore-openssl-c libkeystore-verify-c)

now() {
  local library
  for library in "${libraries[@]}"; do
    echo "library $(readelf -d "$KEYSTORE_BUILD/lib/$library.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')"
    nm -D --defined-only "$KEYSTORE_BUILD/lib/$library.so" | awk '$2 == "T" && $3 ~ /^ks_/ {print "  " $3}' | sort
    nm -D --defined-only "$KEYSTORE_BUILD/lib/$library.so" | c++filt |
      awk '$2 != "A" && $3 !~ /^(ks_|keystore::c::)/ {print "  foreign: " $3}'
  done
  "$KEYSTORE_BUILD/tests/bindings/c/abi"
}

[ "$(getconf LONG_BIT)" = 64 ] || skip "the record is of 64-bit systems"
if [ "${1:-}" = --record ]; then now > "$recorded"; fi
diff -u "$recorded" <(now) || fail "the ABI is not the recorded one"
