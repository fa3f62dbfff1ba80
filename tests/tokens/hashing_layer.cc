#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <vector>

#include "tests/tokens/layers.h"

namespace keystore::testing {
namespace {

CK_FUNCTION_LIST below;
const FaultTable* faults;

/// What C_SignInit began on this thread, which comes back with C_Sign.
thread_local const EVP_MD* digest_of_message = nullptr;

const std::vector<unsigned long>& hashing() { return faults->current().token.hashing; }

bool hashes(CK_MECHANISM_TYPE type) {
  return std::ranges::find(hashing(), type) != hashing().end();
}

const EVP_MD* digest_of(CK_MECHANISM_TYPE type) {
  switch (type) {
    case CKM_ECDSA_SHA1:
      return EVP_sha1();
    case CKM_ECDSA_SHA384:
      return EVP_sha384();
    case CKM_ECDSA_SHA512:
      return EVP_sha512();
    default:
      return EVP_sha256();
  }
}

CK_RV get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE* list, CK_ULONG* count) {
  const CK_ULONG room = count == nullptr ? 0 : *count;
  const auto rv = below.C_GetMechanismList(slot, list, count);
  if (rv != CKR_OK) return rv;
  const auto& more = hashing();
  const auto own = *count;
  *count += more.size();
  if (list == nullptr) return CKR_OK;
  if (room < *count) return CKR_BUFFER_TOO_SMALL;
  std::ranges::copy(more, list + own);
  return CKR_OK;
}

CK_RV get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO* info) {
  return below.C_GetMechanismInfo(slot, hashes(type) ? CKM_ECDSA : type, info);
}

CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  digest_of_message = nullptr;
  if (mechanism == nullptr || !hashes(mechanism->mechanism))
    return below.C_SignInit(session, mechanism, key);
  digest_of_message = digest_of(mechanism->mechanism);
  CK_MECHANISM plain = {CKM_ECDSA, nullptr, 0};
  return below.C_SignInit(session, &plain, key);
}

CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG size, CK_BYTE* signature,
           CK_ULONG* signature_size) {
  if (digest_of_message == nullptr)
    return below.C_Sign(session, data, size, signature, signature_size);
  std::array<CK_BYTE, EVP_MAX_MD_SIZE> digest = {};
  unsigned length = 0;
  if (EVP_Digest(data, size, digest.data(), &length, digest_of_message, nullptr) != 1)
    return CKR_FUNCTION_FAILED;
  return below.C_Sign(session, digest.data(), length, signature, signature_size);
}

}  // namespace

CK_FUNCTION_LIST hashing_layer(const CK_FUNCTION_LIST& under, const FaultTable& table) {
  below = under;
  faults = &table;
  auto list = under;
  list.C_GetMechanismList = get_mechanism_list;
  list.C_GetMechanismInfo = get_mechanism_info;
  list.C_SignInit = sign_init;
  list.C_Sign = sign;
  return list;
}

}  // namespace keystore::testing
