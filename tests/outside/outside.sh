#!/bin/bash
# A project of its own builds against an installed Keystore that was moved elsewhere, with CMake and with
# pkg-config, and serves TLS from a token; the Python package is found there, too.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
make_token
put_on_token p256
expect 0 "$keystore" import "$work/p256.crt" pkcs11:token=test --label p256 --pin "file:$pin_file"
make_key p256 "$work/client.key"
make_certificate "$work/client.key" client "$work/client.crt"
key="pkcs11:token=test;object=p256?pin-source=file:$pin_file"

expect 0 cmake --install "$KEYSTORE_BUILD" --prefix "$work/installed"
mv "$work/installed" "$work/moved"
prefix=$work/moved
cp -r "$KEYSTORE_SOURCE/tests/outside" "$work/project"
cd "$work/project"
lines=$(grep -cvE '^\s*(//|#include|$)' server.cc)
[ "$lines" -le 15 ] || fail "the server has $lines lines"

# serves SERVER: with the key of the token.
serves() {
  local port
  port=$(free_port)
  start server "$1" "$port" "$key"
  wait_for_port "$port" server
  expect 0 fetch localhost "$port" 1.3
  [ "$(cat "$work/out")" = hello ] || fail "$1 gives a wrong answer"
  stop server || [ $? -eq 143 ] || fail "$1 ended with status $?"
}
# botan_serves SERVER: the same, to clients that show a certificate; nothing is served without one.
botan_serves() {
  local port
  port=$(free_port)
  start botan_server "$1" "$port" "$key" "$work/ca.crt"
  wait_for_port "$port" botan_server
  expect 0 curl -sS --max-time 20 --noproxy '*' --cacert "$work/ca.crt" --cert "$work/client.crt" \
    --key "$work/client.key" "https://localhost:$port/"
  [ "$(cat "$work/out")" = hello ] || fail "$1 gives a wrong answer"
  ! fetch localhost "$port" 1.2 > "$work/out" 2> "$work/err" || fail "$1 serves clients without a certificate"
  stop botan_server || [ $? -eq 143 ] || fail "$1 ended with status $?"
  expect 1 "$1" "$port" "${key/p256/absent}" "$work/ca.crt"
  grep -q '^1: no private key in .*object=absent' "$work/err" || fail "$1 does not name the key: $(cat "$work/err")"
}
# signs COMMAND…: a P-256 signature has about 70 octets.
signs() {
  expect 0 "$@" "$key"
  grep -qx '[67][0-9]' "$work/out" || fail "$* says $(cat "$work/out")"
}

expect 0 cmake -S . -B build -G Ninja -DCMAKE_PREFIX_PATH="$prefix"
expect 0 cmake --build build
serves build/server
botan_serves build/botan_server
signs build/sign
for component in keystore verify lifecycle openssl botan; do expect 0 build/with_$component; done
for component in openssl_c verify_c; do signs build/with_$component; done

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
for package in keystore keystore-verify keystore-lifecycle keystore-openssl keystore-botan; do
  read -ra flags <<< "$(pkg-config --cflags --libs "$package")" || fail "$package is not known"
  expect 0 g++ -std=c++20 core.cc -o with-it "${flags[@]}" -Wl,-rpath,"$prefix/lib"
  expect 0 ./with-it
done
for package in keystore-openssl-c keystore-verify-c; do
  read -ra flags <<< "$(pkg-config --cflags --libs "$package")" || fail "$package is not known"
  expect 0 gcc -std=c99 sign.c -o with-it "${flags[@]}" -Wl,-rpath,"$prefix/lib"
  signs ./with-it
done
read -ra flags <<< "$(pkg-config --cflags --libs keystore-openssl openssl)"
expect 0 g++ -std=c++20 -Wall -Wextra -Werror server.cc -o server "${flags[@]}" -Wl,-rpath,"$prefix/lib"
serves ./server
read -ra flags <<< "$(pkg-config --cflags --libs keystore-botan)"
expect 0 g++ -std=c++20 -Wall -Wextra -Werror botan_server.cc -o botan_server "${flags[@]}" -Wl,-rpath,"$prefix/lib"
botan_serves ./botan_server
read -ra flags <<< "$(pkg-config --cflags --libs keystore-c)"
expect 0 gcc -std=c99 -Wall -Wextra -Wpedantic -Werror sign.c -o sign "${flags[@]}" -Wl,-rpath,"$prefix/lib"
signs ./sign
# The same source is C++.
for standard in 98 11 20; do
  expect 0 g++ "-std=c++$standard" -Wall -Wextra -Wno-long-long -Wpedantic -Werror -x c++ sign.c -x none -o sign-cpp \
    "${flags[@]}" -Wl,-rpath,"$prefix/lib"
done
signs ./sign-cpp

# All headers that are there.
(cd "$prefix/include" && find keystore -name '*.h' ! -name 'ks*.h' -printf '#include <%p>\n') > all.cc
(cd "$prefix/include" && find keystore -name 'ks*.h' -printf '#include <%p>\n') > all.c
[ "$(wc -l < all.cc)" -gt 30 ] && [ "$(wc -l < all.c)" -ge 2 ] || fail "headers are missing"
expect 0 g++ -std=c++20 -Wall -Wextra -Werror -I"$prefix/include" $(pkg-config --cflags botan-2) -fsyntax-only all.cc
expect 0 gcc -std=c99 -Wall -Wextra -Wpedantic -Werror -I"$prefix/include" -fsyntax-only all.c
expect 0 g++ -std=c++20 -Wall -Wextra -Wpedantic -Werror -I"$prefix/include" -x c++ -fsyntax-only all.c

# The package needs nothing but its own place.
unset LD_LIBRARY_PATH
export PYTHONPATH=$prefix/lib/python3/dist-packages
signs "$python" -c 'import keystore, sys; k = keystore.key(sys.argv[1]); print(len(k.sign(k.schemes[0], b"message")))'
expect 0 "$python" -c 'import keystore, sys; keystore.Rotator(keystore.ssl_context(sys.argv[1])).check()' "$key"
expect 0 "$python" -c 'import keystore, sys; sys.exit(not keystore.verify(sys.argv[1], trust=sys.argv[2]))' \
  "$work/p256.crt" "$work/ca.crt"

# Nothing of the source or the build tree is left in what was installed.
if grep -rlE "$KEYSTORE_BUILD|$KEYSTORE_SOURCE" "$prefix/lib/cmake" "$prefix/lib/pkgconfig" "$prefix/include"; then
  fail "these name the build"
fi
for library in "$prefix"/lib/libkeystore*.so; do
  readelf -d "$library" | grep -q 'SONAME.*\.so\.[0-9]' || fail "$library has no version"
  ! readelf -d "$library" | grep RUNPATH | grep -qv '\[\$ORIGIN\]' || fail "$library looks elsewhere"
done
