#include "backends/pem/der.h"

namespace keystore::pem {

std::optional<std::vector<DerElement>> der_elements(BytesView content) {
  std::vector<DerElement> elements;
  DerReader reader(content);
  while (!reader.at_end()) {
    const auto element = reader.next();
    if (!element) return std::nullopt;
    elements.push_back(*element);
  }
  return elements;
}

std::optional<std::vector<DerElement>> der_sequence_elements(BytesView der) {
  const auto content = der_content(der, der_tag::sequence);
  return content ? der_elements(*content) : std::nullopt;
}

}  // namespace keystore::pem
