#pragma once

#include <memory>
#include <vector>

#include "keystore/bytes.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::verify {

struct FreeDecoded {
  const ASN1_ITEM* item = nullptr;
  void operator()(void* decoded) const noexcept {
    ASN1_item_free(static_cast<ASN1_VALUE*>(decoded), item);
  }
};

/// One extension as it stands in a certificate.
struct Extension {
  int nid = NID_undef;
  const ASN1_OBJECT* object = nullptr;  ///< borrowed from the X509
  bool critical = false;
  BytesView value = {};  ///< content of extnValue; borrowed from the X509
  bool known = false;    ///< OpenSSL has a form for such values
  bool readable = true;  ///< OpenSSL reads the whole value, or does not know such
  std::unique_ptr<void, FreeDecoded> decoded = {};  ///< OpenSSL's form; null where there is none
};

/// The extensions in their order, each decoded once: several rules look at the same one.
std::vector<Extension> extensions_of(const X509* x509);

}  // namespace keystore::verify
