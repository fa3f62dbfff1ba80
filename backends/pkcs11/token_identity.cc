#include "backends/pkcs11/token_identity.h"

namespace keystore::pkcs11 {

std::string TokenIdentity::key() const {
  std::string key;
  for (const auto* part : {&label, &manufacturer, &model, &serial}) {
    key += *part;
    key += '\n';
  }
  return key;
}

TokenIdentity identity_of(const CK_TOKEN_INFO& info) {
  return {.label = trimmed(info.label),
          .manufacturer = trimmed(info.manufacturerID),
          .model = trimmed(info.model),
          .serial = trimmed(info.serialNumber)};
}

std::string trimmed(std::span<const CK_UTF8CHAR> field) {
  std::string text(field.begin(), field.end());
  // Some modules end the text with a zero octet instead.
  if (const auto end = text.find('\0'); end != std::string::npos) text.resize(end);
  text.resize(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace keystore::pkcs11
