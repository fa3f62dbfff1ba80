# Whole programs, which run to a good end.
surroundings p256
put_on_prod
compile_and_run() {
  expect 0 "${CC:-gcc}" -std=c99 -Wall -Wextra -Wpedantic -Werror -I"$KEYSTORE_BUILD/include" -x c "$snippet" -x none \
    -o "$work/program" -L"$KEYSTORE_BUILD/lib" -Wl,-rpath,"$KEYSTORE_BUILD/lib" -lkeystore-openssl-c -lkeystore-verify-c \
    -lkeystore-c -lssl -lcrypto
  expect 0 "$work/program" < "$etc/keystore/pin"
}
each_snippet compile_and_run
