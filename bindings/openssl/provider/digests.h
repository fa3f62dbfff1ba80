#pragma once

#include <openssl/types.h>

#include <array>
#include <atomic>
#include <string_view>

#include "keystore/bytes.h"
#include "keystore/sign_spec.h"

namespace keystore::provider {

/// A digest as OpenSSL and as the key operations know it.
struct DigestChoice {
  const EVP_MD* md = nullptr;  ///< in the private context; null: none
  Digest digest = Digest::none;
  bool is_md5_sha1 = false;  ///< TLS 1.0 and 1.1: signed without DigestInfo
};

/// The digests that signatures use, fetched once per provider from the private context. Any
/// thread, without a lock, so that a fork at any moment leaves it usable.
class Digests {
 public:
  Digests() = default;
  ~Digests();
  Digests(const Digests&) = delete;
  Digests& operator=(const Digests&) = delete;

  /// By any of OpenSSL's names ("SHA256", "sha2-256"); `md` is null for one that keys do not sign.
  DigestChoice find(std::string_view name) const;
  const EVP_MD* md(Digest digest) const;

 private:
  static constexpr std::size_t count = 12;
  const EVP_MD* fetched(std::size_t index) const;
  mutable std::array<std::atomic<EVP_MD*>, count> fetched_ = {};
};

}  // namespace keystore::provider
