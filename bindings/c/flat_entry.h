#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bindings/c/ks.h"
#include "keystore/entry.h"
#include "keystore/error.h"

/// The structs of ks.h that the library owns, with what they point to. They stay where they are
/// made.
namespace keystore::c {

struct KEYSTORE_API FlatError {
  explicit FlatError(Error described);
  FlatError(const FlatError&) = delete;
  FlatError& operator=(const FlatError&) = delete;

  Error error;
  ks_error view = {};
};

struct KEYSTORE_API FlatCertificate {
  explicit FlatCertificate(Certificate described);
  FlatCertificate(const FlatCertificate&) = delete;
  FlatCertificate& operator=(const FlatCertificate&) = delete;

  Certificate certificate;
  Bytes sha256;
  std::vector<const char*> names;
  ks_certificate view = {};
};

struct FlatEntry {
  explicit FlatEntry(Entry described);
  FlatEntry(const FlatEntry&) = delete;
  FlatEntry& operator=(const FlatEntry&) = delete;

  Entry entry;
  std::string uri;
  std::optional<PublicKey> public_key;
  std::optional<KeyShape> shape;
  Bytes spki_sha256;
  std::optional<FlatCertificate> certificate;
  std::vector<ks_attribute> attributes;
  ks_entry view = {};
};

/// The code of that number, where there is one.
std::optional<Errc> known_code(std::int32_t number) noexcept;

ks_bytes view_of(const Bytes& bytes) noexcept;

}  // namespace keystore::c
