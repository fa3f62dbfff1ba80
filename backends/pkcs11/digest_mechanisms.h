#pragma once

#include "backends/pkcs11/cryptoki.h"
#include "keystore/sign_spec.h"

namespace keystore::pkcs11 {

/// PKCS#11's names for a digest, and for signatures whose digest the token makes. 0: none.
struct DigestMechanisms {
  Digest digest = Digest::none;
  CK_MECHANISM_TYPE hash = 0;
  CK_ULONG mgf = 0;  ///< CKG_…, for PSS and OAEP
  CK_MECHANISM_TYPE rsa_pkcs = 0;
  CK_MECHANISM_TYPE rsa_pss = 0;
  CK_MECHANISM_TYPE ecdsa = 0;
};

/// Every digest but none.
std::span<const DigestMechanisms> all_digest_mechanisms() noexcept;
/// Null for none.
const DigestMechanisms* mechanisms_of(Digest digest) noexcept;

}  // namespace keystore::pkcs11
