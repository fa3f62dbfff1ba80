#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "bindings/c/flat_entry.h"
#include "bindings/c/ks.h"
#include "keystore/store.h"

// What the opaque handles of ks.h are.

struct ks_store {
  explicit ks_store(keystore::Store opened)
      : store(std::move(opened)), uri(store.uri().canonical()) {}
  keystore::Store store;
  std::string uri;
};

struct ks_listing {
  std::deque<keystore::c::FlatEntry> entries;
  std::deque<keystore::c::FlatError> skipped;
};

struct ks_key {
  explicit ks_key(keystore::Key found) : key(std::move(found)), entry(key.entry()) {
    for (const auto scheme : key.schemes()) schemes.push_back(static_cast<std::uint16_t>(scheme));
  }
  keystore::Key key;
  keystore::c::FlatEntry entry;
  std::vector<std::uint16_t> schemes;
};

struct ks_identity {
  /// Where it can be found again.
  struct Origin {
    std::string uri, certificates;
    keystore::OpenOptions open;
  };

  explicit ks_identity(keystore::Identity found, std::optional<Origin> place = {})
      : identity(std::move(found)), origin(std::move(place)) {
    certificates.emplace_back(identity.leaf());
    for (const auto& issuer : identity.chain()) certificates.emplace_back(issuer);
  }
  keystore::Identity identity;
  std::optional<Origin> origin;
  std::deque<keystore::c::FlatCertificate> certificates;
};

struct ks_secret_reply {
  keystore::Secret secret;
  bool given = false;
};
