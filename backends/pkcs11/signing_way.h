#pragma once

#include <vector>

#include "backends/pkcs11/key_mechanisms.h"
#include "keystore/result.h"
#include "keystore/sign_spec.h"

namespace keystore::pkcs11 {

/// What C_Sign gets.
enum class Feed {
  given,        ///< the input as it came
  digest,       ///< the digest of the message, or the digest that came
  digest_info,  ///< the same in a DigestInfo (RFC 8017, 9.2)
  pkcs1_block,  ///< padded by us (RFC 8017, 9.2)
  pss_block,    ///< padded by us (RFC 8017, 9.1.1)
};

struct SigningWay {
  CK_MECHANISM_TYPE mechanism = 0;
  Feed feed = Feed::given;
};

/// How a token makes such a signature: by the mechanism that takes a digest, else by raw RSA with
/// the padding made here, else by a mechanism that hashes the message itself. Decided by what is
/// known; nothing is asked. Errors: unsupported, invalid_argument (not for this type of key), their
/// messages the reason alone.
Result<SigningWay> find_signing_way(const SignSpec& spec, const KeyShape& shape,
                                    const Abilities& abilities);

/// The schemes of this shape that the token can run on a message, best first.
std::vector<SignatureScheme> schemes_on(const KeyShape& shape, const Abilities& abilities);

}  // namespace keystore::pkcs11
