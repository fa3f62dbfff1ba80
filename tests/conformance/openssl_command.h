#pragma once

#include <string>
#include <vector>

#include "keystore/public_key.h"
#include "keystore/sign_spec.h"

namespace keystore::testing {

/// Whether the plain openssl command accepts the signature; its words when it does not.
std::string openssl_verify(const PublicKey& key, SignatureScheme scheme, std::string_view message,
                           BytesView signature);

/// RSA ciphertext made by the openssl command with those of its key options.
std::string openssl_encrypt(const PublicKey& key, std::string_view plaintext,
                            const std::vector<std::string>& options);

/// The ECDH secret of a private key file and `peer`, by the openssl command.
std::string openssl_derive(const std::string& key_file, const PublicKey& peer);

}  // namespace keystore::testing
