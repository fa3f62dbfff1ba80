#pragma once

#include <cstdint>

#include "keystore/key.h"

namespace keystore::provider {

/// How an application's key reaches our key manager in the same process: EVP_PKEY_fromdata with one
/// private parameter, an octet pointer to this. IMPORT takes its own copy of the key.
struct Handover {
  static constexpr const char* param_name = "keystore-handover";
  static constexpr std::uint64_t expected_magic = 0x6b73'6861'6e64'6f76;
  static constexpr std::uint32_t expected_version = 1;

  std::uint64_t magic = expected_magic;
  std::uint32_t version = expected_version;
  const Key* key = nullptr;  ///< borrowed for the call
};

}  // namespace keystore::provider
