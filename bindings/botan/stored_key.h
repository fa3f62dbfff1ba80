#pragma once

#include "bindings/botan/compat.h"
#include "bindings/botan/error.h"
#include "keystore/key.h"

namespace keystore::botan {

/// The private side of every key here: what it shares with the store, and that nothing of it is
/// shown.
class StoredKey : public virtual compat::PrivateKey {
 public:
  Botan::secure_vector<std::uint8_t> private_key_bits() const override {
    throw Exception(Error{Errc::access_denied,
                          "key '" + key_.uri().canonical() + "' does not leave its store",
                          {},
                          "keystore export writes keys that may be extracted"});
  }

 protected:
  explicit StoredKey(Key key) : key_(std::move(key)) {}

  /// Botan's other engines cannot work with it.
  const Key& key_for(const std::string& engine) const {
    if (!engine.empty() && engine != "base") {
      throw Botan::Provider_Not_Found(algo_name(), engine);
    }
    return key_;
  }

 private:
  Key key_;
};

}  // namespace keystore::botan
