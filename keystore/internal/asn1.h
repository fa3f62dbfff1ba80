#pragma once

#include <openssl/x509.h>

#include "keystore/bytes.h"

namespace keystore {

/// Borrowed from `text`.
inline BytesView octets_of(const ASN1_STRING* text) {
  return {ASN1_STRING_get0_data(text), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// The parameters of `algorithm` as a structure of OpenSSL's, of which `item` is the description;
/// null when they are none.
template <class Pointer>
Pointer unpack_parameters(const X509_ALGOR& algorithm, const ASN1_ITEM* item) {
  if (algorithm.parameter == nullptr) return nullptr;
  return Pointer(
      static_cast<typename Pointer::pointer>(ASN1_TYPE_unpack_sequence(item, algorithm.parameter)));
}

}  // namespace keystore
