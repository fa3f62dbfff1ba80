#!/bin/bash
# Promise: every public header compiles alone, in C++20 or C99 as it says, and names no third-party header but
# tl::expected; those of the binding for Botan name Botan's.
set -u
cd "$KEYSTORE_SOURCE" || exit 1
status=0
headers=$(ls keystore/*.h keystore/lifecycle/*.h keystore/verify/*.h bindings/openssl/tls/{tls,pkey,configure,rotator}.h bindings/openssl/x509/*.h)
[ "$(wc -w <<<"$headers")" -gt 20 ] || { echo 'FAIL the headers are not where they were'; exit 1; }

for header in $headers; do
  if ! printf '#include "%s"\n' "$header" |
      "${CXX:-g++}" -std=c++20 -Wall -Wextra -Werror -I. -fsyntax-only -x c++ - ; then
    echo "FAIL $header does not compile alone"
    status=1
  fi
done

for header in bindings/botan/{botan,certificate_store,credentials,error,key}.h; do
  if ! printf '#include "%s"\n' "$header" |
      "${CXX:-g++}" -std=c++20 -Wall -Wextra -Werror -I. $(pkg-config --cflags botan-2) -fsyntax-only -x c++ - ; then
    echo "FAIL $header does not compile alone"
    status=1
  fi
done

for header in bindings/c/ks*.h; do
  if ! printf '#include "%s"\n' "$header" |
      "${CC:-gcc}" -std=c99 -Wall -Wextra -Wpedantic -Werror -I. -fsyntax-only -x c - ||
      ! printf '#include "%s"\n' "$header" |
      "${CXX:-g++}" -std=c++20 -Wall -Wextra -Wpedantic -Werror -I. -fsyntax-only -x c++ - ; then
    echo "FAIL $header does not compile alone"
    status=1
  fi
done

foreign=$(grep -nE '^#include <[^>]*/' $headers | grep -vE '<(tl/expected.hpp|sys/[a-z]+\.h)>')
[ -z "$foreign" ] || { printf 'FAIL third-party header in a public one\n%s\n' "$foreign"; status=1; }
foreign=$(grep -nE '^#include <[^>]*/' bindings/botan/{botan,certificate_store,credentials,error,key}.h | grep -v '<botan/')
[ -z "$foreign" ] || { printf 'FAIL third-party header in a public one\n%s\n' "$foreign"; status=1; }
exit $status
