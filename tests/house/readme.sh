#!/bin/bash
# Promise: every C++ snippet of the README compiles and links, as the body of a function.
set -u
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT

awk -v dir="$work" '/^```cpp/{n++; on=1; next} /^```/{on=0} on{print > (dir "/snippet" n ".inc")}' \
  "$KEYSTORE_SOURCE/README.md"
[ -e "$work/snippet1.inc" ] || { echo 'FAIL the README has no C++ snippet'; exit 1; }

status=0
for snippet in "$work"/*.inc; do
  cat > "$work/main.cc" <<SOURCE
#include "keystore/store.h"
using keystore::SignatureScheme;
static keystore::Result<keystore::Bytes> run(const keystore::PinCallback& ask_pin, keystore::BytesView message) {
#include "$snippet"
}
int main() { return run({}, {}).has_value() ? 0 : 1; }
SOURCE
  "${CXX:-g++}" -std=c++20 -Wall -Wextra -Werror -I"$KEYSTORE_SOURCE" "$work/main.cc" -o "$work/main" \
    -L"$KEYSTORE_BUILD/lib" -lkeystore -lcrypto || { echo "FAIL $(basename "$snippet")"; status=1; }
done
exit $status
