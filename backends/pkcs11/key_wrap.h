#pragma once

#include <string_view>
#include <vector>

#include "backends/pkcs11/cryptoki.h"
#include "backends/pkcs11/token_abilities.h"
#include "keystore/public_key.h"
#include "keystore/result.h"
#include "keystore/secret.h"
#include "keystore/sign_spec.h"

namespace keystore::pkcs11 {

/// How a key is enciphered with an AES key.
enum class AesWrap {
  kwp,    ///< RFC 5649
  pkcs7,  ///< RFC 3394 over PKCS#7 padding (PKCS#11 3.1, 6.13.1)
  cbc,    ///< CBC with PKCS#7 padding: shows no change, so only where the key is proven afterwards
};

/// A mechanism that wraps keys and what a token may mean by it. CKM_AES_KEY_WRAP_PAD stands twice:
/// the standard's words are `pkcs7`, SoftHSM's deeds are `kwp`.
struct AesWrapRow {
  CK_MECHANISM_TYPE mechanism = 0;
  std::string_view name = {};
  AesWrap form = AesWrap::kwp;
};

/// What the token lists, in the order to try for a key that it shall take in.
std::vector<AesWrapRow> aes_wraps(const TokenAbilities& abilities);
/// Those that may wrap a key that others shall take in again: none that shows no change, and
/// CKM_AES_KEY_WRAP_PAD in one meaning only.
std::vector<AesWrapRow> aes_wraps_to_keep(const TokenAbilities& abilities);

/// `data` enciphered; `iv` (16 octets) is for `cbc`. Errors: internal.
Result<Bytes> wrap_with_aes(AesWrap form, const Secret& key, BytesView iv, BytesView data);

/// The most octets that RSA-OAEP with this digest takes (RFC 8017, 7.1.1).
std::size_t oaep_room(unsigned rsa_bits, Digest digest);
/// `data` enciphered by RSA-OAEP, MGF1 with the same digest, no label. Errors: internal.
Result<Bytes> wrap_with_oaep(const PublicKey& key, Digest digest, BytesView data);

Result<Secret> random_secret(std::size_t size);

}  // namespace keystore::pkcs11
