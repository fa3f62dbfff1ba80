#pragma once

// What differs between Botan's versions, said once; everything else here is one source. Written for
// Botan 2.19; for Botan 3 the right-hand sides change, and the operations in operations.cc take
// spans.
#include <botan/bigint.h>
#include <botan/credentials_manager.h>
#include <botan/pk_keys.h>
#include <botan/pk_ops.h>
#include <botan/version.h>

#include <memory>
#include <string>

static_assert(BOTAN_VERSION_MAJOR == 2, "this binding is written for Botan 2");

namespace keystore::botan::compat {

/// How Botan hands texts to what it calls (3: std::string_view).
using Text = const std::string&;
/// What Credentials_Manager gives for a certificate (3: std::shared_ptr<Private_Key>).
using LentKey = Botan::Private_Key*;
inline LentKey lend(const std::shared_ptr<Botan::Private_Key>& key) { return key.get(); }
/// What a signature operation returns (3.7: std::vector<std::uint8_t>).
using Signature = Botan::secure_vector<std::uint8_t>;

/// Octets of each half of an ECDSA signature (3.6: _signature_element_size_in_bytes()).
inline std::size_t signature_part_size(const Botan::Public_Key& key) {
  return key.message_part_size();
}

}  // namespace keystore::botan::compat
