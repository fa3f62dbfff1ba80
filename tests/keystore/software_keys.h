#pragma once

#include <string>
#include <string_view>

#include "keystore/backend.h"
#include "keystore/internal/software_key.h"

namespace keystore::testing {

/// Octets of hexadecimal text.
inline Bytes from_hex(std::string_view text) {
  Bytes octets;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    octets.push_back(
        static_cast<std::uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return octets;
}

/// An entry for a key that lives at `uri`.
inline Entry entry_at(std::string_view uri, std::string label = "web") {
  return {.uri = Uri::parse(uri).value(), .label = std::move(label)};
}

/// The key in `pkcs8`; throws where it is refused.
inline Key software_key(BytesView pkcs8, std::string_view uri = "file:/keys/web.pem") {
  return Key(make_software_key(Secret::copy_of(pkcs8), entry_at(uri)).value());
}

/// A fresh key: "rsa:2048", "ec:p256", ….
inline Key new_key(std::string_view type, std::string_view uri = "file:/keys/web.pem") {
  const auto pkcs8 = generate_software_key(KeySpec::parse(type).value()).value();
  return software_key(pkcs8.view(), uri);
}

}  // namespace keystore::testing
