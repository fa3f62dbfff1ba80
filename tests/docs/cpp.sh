# The body of a function, with the names that the text around it gives.
mkdir -p "$work/etc"
compile() {
  cat > "$work/main.cc" << END
#include <botan/auto_rng.h>
#include <botan/pubkey.h>
#include "keystore/botan/botan.h"
#include "keystore/openssl/tls.h"
#include "keystore/store.h"
using keystore::SignatureScheme;
static keystore::Result<keystore::Bytes> run([[maybe_unused]] const keystore::PinCallback& ask_pin, [[maybe_unused]] keystore::BytesView message) {
#include "$snippet"
}
int main() { return run({}, {}).has_value() ? 0 : 1; }
END
  expect 0 "${CXX:-g++}" -std=c++20 -Wall -Wextra -Werror -I"$KEYSTORE_BUILD/include" "$work/main.cc" -o "$work/main" \
    -L"$KEYSTORE_BUILD/lib" $(pkg-config --cflags --libs botan-2) -lkeystore-botan -lkeystore-openssl -lkeystore -lcrypto
}
each_snippet compile
