#pragma once

#include <optional>
#include <vector>

#include "keystore/internal/der.h"

namespace keystore::pem {

/// The elements that `content` is made of; nothing when it is not made of whole ones.
std::optional<std::vector<DerElement>> der_elements(BytesView content);

/// The elements of the one SEQUENCE that `der` is; nothing when it is anything else.
std::optional<std::vector<DerElement>> der_sequence_elements(BytesView der);

}  // namespace keystore::pem
