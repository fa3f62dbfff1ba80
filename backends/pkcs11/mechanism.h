#pragma once

#include <algorithm>
#include <memory>
#include <variant>
#include <vector>

#include "backends/pkcs11/cryptoki.h"
#include "backends/pkcs11/quirks.h"
#include "keystore/key_type.h"
#include "keystore/operation.h"
#include "keystore/result.h"
#include "keystore/sign_spec.h"

namespace keystore::pkcs11 {

/// What a token can run with keys, and how it departs from the standard. Immutable.
struct Abilities {
  std::shared_ptr<const std::vector<CK_MECHANISM_TYPE>> mechanisms;  ///< ordered, not null
  Quirks quirks = {};

  /// Tokens that list nothing are taken to do everything.
  bool has(CK_MECHANISM_TYPE mechanism) const {
    return mechanisms->empty() || std::ranges::binary_search(*mechanisms, mechanism);
  }
};

/// A mechanism with parameters of its own, and the octets to hand to C_Sign or C_Decrypt. Borrows
/// from the request that it was made for.
struct Plan {
  CK_MECHANISM_TYPE mechanism = 0;
  std::variant<std::monostate, CK_RSA_PKCS_PSS_PARAMS, CK_RSA_PKCS_OAEP_PARAMS, EddsaParams>
      parameters = {};
  Bytes made = {};       ///< what was made of the request's input; empty: it goes as it is
  BytesView given = {};  ///< the request's input
  std::size_t output_size = 0;
  bool raw_ecdsa = false;  ///< the signature comes as r || s

  BytesView input() const noexcept { return made.empty() ? given : BytesView(made); }
  /// For C_SignInit and C_DecryptInit; points into this plan.
  CK_MECHANISM as_mechanism() noexcept;
};

/// How a token makes this signature. Errors: unsupported, invalid_argument.
Result<Plan> plan_signature(const SignSpec& spec, BytesView input, const KeyShape& shape,
                            const Abilities& abilities);

/// How a token decrypts; `oaep_in_software` says that padding is left to take off.
struct DecryptPlan {
  Plan plan = {};
  bool oaep_in_software = false;
};
Result<DecryptPlan> plan_decryption(const DecryptSpec& spec, BytesView ciphertext,
                                    const KeyShape& shape, const Abilities& abilities);

/// The schemes of this shape that the token can run, best first.
std::vector<SignatureScheme> schemes_on(const KeyShape& shape, const Abilities& abilities);

/// An ECDSA signature r || s as DER (RFC 3279, 2.2.3).
Bytes ecdsa_as_der(BytesView raw);

}  // namespace keystore::pkcs11
