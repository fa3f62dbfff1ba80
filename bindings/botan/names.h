#pragma once

#include <string>
#include <string_view>

#include "keystore/key_type.h"
#include "keystore/operation.h"
#include "keystore/sign_spec.h"

namespace keystore::botan {

/// A signature as Botan's words ask for it.
struct SignatureWords {
  SignSpec spec = {};
  std::string hash =
      {};  ///< Botan's name of what makes the spec's digest; empty: the input is taken as it is
};

/// Reads padding words of Botan 2 ("EMSA3(SHA-256)", "EMSA4(SHA-256,MGF1,32)", "EMSA1(SHA-256)",
/// "Pure") and 3 ("PKCS1v15(…)", "PSS(…)", "SHA-256", "Pure"). Throws Exception, unsupported.
SignatureWords read_signature_words(std::string_view words, KeyType type);

/// Reads "PKCS1v15", "OAEP(SHA-256,MGF1(SHA-1),label)", "Raw" and their older names. Throws
/// Exception, unsupported.
DecryptSpec read_encryption_words(std::string_view words);

}  // namespace keystore::botan
