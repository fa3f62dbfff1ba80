#pragma once

#include <variant>

#include "backends/pkcs11/key_mechanisms.h"
#include "keystore/operation.h"
#include "keystore/result.h"
#include "keystore/sign_spec.h"

namespace keystore::pkcs11 {

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

  /// Whether a signature can have so many octets.
  bool can_give(std::size_t octets) const noexcept;
  /// Never null: modules refuse a null pointer to no octets.
  BytesView input() const noexcept;
  /// For C_SignInit and C_DecryptInit; points into this plan.
  CK_MECHANISM as_mechanism() noexcept;
};

/// How a token makes this signature. Errors: unsupported, invalid_argument, their messages the
/// reason alone.
Result<Plan> plan_signature(const SignSpec& spec, BytesView input, const KeyShape& shape,
                            const Abilities& abilities);

/// How a token decrypts; `oaep_in_software` says that padding is left to take off.
struct DecryptPlan {
  Plan plan = {};
  bool oaep_in_software = false;
};
/// Errors: as plan_signature().
Result<DecryptPlan> plan_decryption(const DecryptSpec& spec, BytesView ciphertext,
                                    const KeyShape& shape, const Abilities& abilities);

/// An ECDSA signature r || s as DER (RFC 3279, 2.2.3).
Bytes ecdsa_as_der(BytesView raw);

}  // namespace keystore::pkcs11
