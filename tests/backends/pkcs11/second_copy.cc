// A library that brings a copy of ours, as another plugin of the same process may: the module is
// shared, our state is not.
#include <memory>

#include "tests/backends/pkcs11/token_keys.h"

using keystore::Key;
using keystore::Result;

/// Opens the one key at `uri` for good, and signs with it `times` times. How many went wrong.
extern "C" __attribute__((visibility("default"))) int sign_with_a_copy(const char* uri,
                                                                       const char* pin, int times) {
  static const auto& key = *new Result<Key>([&]() -> Result<Key> {
    auto store = keystore::open(uri, keystore::testing::with_pin(pin));
    if (!store) return keystore::Failure(store.error());
    return store->key();
  }());
  int bad = 0;
  for (int i = 0; i < times; ++i) {
    const auto signature =
        key ? key->sign(keystore::SignatureScheme::ecdsa_secp256r1_sha256, keystore::Bytes{'m'})
            : Result<keystore::Bytes>(keystore::Failure(key.error()));
    if (!signature) std::fprintf(stderr, "copy: %s\n", signature.error().message.c_str());
    bad += signature ? 0 : 1;
  }
  return bad;
}
