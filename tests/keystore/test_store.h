#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "keystore/registry.h"

namespace keystore::testing {

/// What the stores of one test hold, by URI; a small backend for tests of the core. It counts.
struct TestStores {
  std::map<std::string, std::vector<Key>> keys = {};                  ///< by canonical URI
  std::map<std::string, std::vector<Certificate>> certificates = {};  ///< by canonical URI
  std::vector<Error> skipped = {};
  bool wants_pin = false;
  std::string last_pin = {};
  std::atomic<int> opened = 0;
  std::function<void()> at_open = {};
  std::function<void()> at_find = {};
};

/// The one that open_test_store serves; set by each test.
inline TestStores*& current_stores() {
  static TestStores* stores = nullptr;
  return stores;
}

class TestStore final : public StoreBackend {
 public:
  TestStore(const TestStores& stores, std::string uri) : stores_(stores), uri_(std::move(uri)) {}

  Result<Listing<Entry>> find_entries(const Query& query) const override {
    if (stores_.at_find) stores_.at_find();
    Listing<Entry> found{.skipped = stores_.skipped};
    const auto held = stores_.certificates.find(uri_);
    const bool wanted = !query.kind || *query.kind == EntryKind::certificate;
    if (!wanted || held == stores_.certificates.end()) return found;
    int index = 0;
    for (const auto& certificate : held->second) {
      const auto uri = Uri::parse("pkcs11:token=t;object=c" + std::to_string(++index)).value();
      found.items.push_back(
          {.uri = uri, .kind = EntryKind::certificate, .certificate = certificate});
    }
    return found;
  }

  Result<Listing<Key>> find_keys(const Query&) const override {
    if (stores_.at_find) stores_.at_find();
    const auto held = stores_.keys.find(uri_);
    if (held == stores_.keys.end()) return Listing<Key>{.skipped = stores_.skipped};
    return Listing<Key>{.items = held->second, .skipped = stores_.skipped};
  }

 private:
  const TestStores& stores_;
  std::string uri_;
};

inline Result<std::shared_ptr<StoreBackend>> open_test_store(const Uri& uri,
                                                             const OpenContext& context) {
  auto& stores = *current_stores();
  ++stores.opened;
  if (stores.at_open) stores.at_open();
  if (stores.wants_pin) {
    const auto pin = read_pin(uri, context.options, {.what = PinRequest::What::token_pin});
    if (!pin) return Failure(pin.error());
    stores.last_pin = as_text(pin->view());
  }
  return std::make_shared<TestStore>(stores, uri.canonical());
}

/// `pkcs11:`, `file:` and `keystore:` are test stores, `pfx:` is absent.
inline const Registry& test_registry() {
  static const Registry registry({{.scheme = "pkcs11", .open = open_test_store},
                                  {.scheme = "file", .open = open_test_store},
                                  {.scheme = "keystore", .open = open_test_store},
                                  {.scheme = "pfx", .absent_because = "tests read no PKCS#12"}});
  return registry;
}

}  // namespace keystore::testing
