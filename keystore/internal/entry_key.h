#pragma once

#include <optional>

#include "keystore/entry.h"

namespace keystore {

/// The public key that an entry shows: its own, or its certificate's.
inline std::optional<PublicKey> public_key_of(const Entry& entry) {
  if (entry.public_key || !entry.certificate) return entry.public_key;
  auto key = entry.certificate->public_key();
  if (!key) return std::nullopt;
  return *std::move(key);
}

/// Type and size of that key, where known.
inline std::optional<KeyShape> shape_of(const Entry& entry) {
  if (entry.shape) return entry.shape;
  const auto key = public_key_of(entry);
  return key ? std::optional(key->shape()) : std::nullopt;
}

/// Whether the object may leave its store. What is public can always be read.
inline bool may_leave(const Entry& entry) {
  const bool holds_private_half =
      entry.kind == EntryKind::private_key || entry.kind == EntryKind::secret_key;
  return entry.extractable || !holds_private_half;
}

}  // namespace keystore
