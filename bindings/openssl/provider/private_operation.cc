#include "bindings/openssl/provider/private_operation.h"

namespace keystore::provider {

Result<Bytes> ask_to_sign(const Key& key, SignSpec spec, BytesView input) {
  return key.sign_digest(spec, input);
}

Result<Secret> ask_to_decrypt(const Key& key, DecryptSpec spec, BytesView ciphertext) {
  return key.decrypt(spec, ciphertext);
}

Result<Secret> ask_to_derive(const Key& key, PublicKey peer) { return key.derive(peer); }

}  // namespace keystore::provider
