#include "keystore/verify/internal/extension.h"

namespace keystore::verify {
namespace {

void decode(Extension& extension) {
  const auto* method = X509V3_EXT_get_nid(extension.nid);
  extension.known = method != nullptr;
  if (method == nullptr || method->it == nullptr) return;
  const auto* item = ASN1_ITEM_ptr(method->it);
  const auto* at = extension.value.data();
  auto* decoded = ASN1_item_d2i(nullptr, &at, static_cast<long>(extension.value.size()), item);
  extension.decoded = {decoded, FreeDecoded{item}};
  extension.readable = decoded != nullptr && at == extension.value.data() + extension.value.size();
}

}  // namespace

std::vector<Extension> extensions_of(const X509* x509) {
  const int count = X509_get_ext_count(x509);
  std::vector<Extension> all(static_cast<std::size_t>(count > 0 ? count : 0));
  for (int i = 0; i < count; ++i) {
    auto* const extension = X509_get_ext(x509, i);
    const auto* value = X509_EXTENSION_get_data(extension);
    auto& made = all[static_cast<std::size_t>(i)];
    made.object = X509_EXTENSION_get_object(extension);
    made.nid = OBJ_obj2nid(made.object);
    made.critical = X509_EXTENSION_get_critical(extension) != 0;
    made.value = {ASN1_STRING_get0_data(value),
                  static_cast<std::size_t>(ASN1_STRING_length(value))};
    decode(made);
  }
  return all;
}

}  // namespace keystore::verify
