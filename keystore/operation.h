#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <variant>

#include "keystore/bytes.h"
#include "keystore/public_key.h"
#include "keystore/secret.h"
#include "keystore/sign_spec.h"

namespace keystore {

enum class Encryption {
  rsa_pkcs1,  ///< RSAES-PKCS1-v1_5 (RFC 8017, 7.2)
  rsa_oaep,   ///< RSAES-OAEP (RFC 8017, 7.1)
  rsa_raw,    ///< the RSA private operation alone
};

struct DecryptSpec {
  Encryption encryption = Encryption::rsa_oaep;
  Digest digest = Digest::sha256;      ///< OAEP
  Digest mgf_digest = Digest::none;    ///< OAEP; none: same as digest
  Bytes label = {};                    ///< OAEP
};

/// How long an operation may take where its caller does not say.
inline constexpr auto default_deadline = std::chrono::seconds(2);

/// Bounds on what the library does: waiting, retries, recovery. A call inside a module is not
/// interrupted; past the deadline it is reported.
struct CallLimits {
  std::optional<std::chrono::steady_clock::time_point> deadline = {};  ///< not set: default_deadline from the call
  std::stop_token stop = {};
};

struct SignRequest {
  const SignSpec& spec;
  BytesView input;
};

struct DecryptRequest {
  const DecryptSpec& spec;
  BytesView ciphertext;
};

struct DeriveRequest {
  const PublicKey& peer;
};

/// Everything a private key can be asked.
using Request = std::variant<SignRequest, DecryptRequest, DeriveRequest>;

/// A signature (Bytes), a plaintext or a shared secret (Secret).
using Reply = std::variant<Bytes, Secret>;

}  // namespace keystore
