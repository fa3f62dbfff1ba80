#pragma once

#include <string>

#include "keystore/public_key.h"
#include "keystore/sign_spec.h"

namespace keystore::testing {

/// Whether the plain openssl command accepts the signature; its words when it does not.
std::string openssl_verify(const PublicKey& key, SignatureScheme scheme, std::string_view message,
                           BytesView signature);

/// RSA-OAEP (SHA-256) ciphertext made by the openssl command.
std::string openssl_encrypt(const PublicKey& key, std::string_view plaintext);

/// The ECDH secret of a private key file and `peer`, by the openssl command.
std::string openssl_derive(const std::string& key_file, const PublicKey& peer);

}  // namespace keystore::testing
