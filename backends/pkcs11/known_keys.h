#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <vector>

#include "backends/pkcs11/listing.h"
#include "backends/pkcs11/token.h"
#include "keystore/uri.h"

namespace keystore::pkcs11 {

/// Which private key is asked for, and where. Compares by all that decides the answer.
class KeyQuestion {
 public:
  /// `store` is the URI of the store, `wanted` that and the query together.
  KeyQuestion(const Uri& store, const Wanted& wanted, const std::vector<const Library*>& libraries);
  auto operator<=>(const KeyQuestion&) const = default;

 private:
  std::string store_;
  std::optional<std::string> label_;
  std::optional<Bytes> id_;
  std::optional<Bytes> spki_;
  std::vector<const Library*> libraries_;
};

/// The one key that answered a question, and what made it known.
struct KnownKey {
  Token* token = nullptr;   ///< of this process
  std::uint64_t epoch = 0;  ///< of the token, before the search
  Uri token_uri;
  Namesakes namesakes;  ///< of the token, among those that fit the question
  ListedKey key;

  /// Whether the token shows the same under the same handles: a C_GetAttributeValue for the key,
  /// one more where another object shows its public half.
  bool still_there(const Session& session) const;
};

/// Private keys that this process found by searching, so that it need not search again (DESIGN.md,
/// section 9). What it knows is checked before it is used: the token's epoch, and the objects
/// themselves, octet for octet, so that a key that went, was renamed or replaced is searched anew.
/// That another program added a second key that answers as well is not seen while the first is
/// there and nothing is healed: the process stays with the key that it has. Holds nothing secret. A
/// bounded number; any thread.
class KnownKeys {
 public:
  /// Null: not known, or the token was healed since.
  std::shared_ptr<const KnownKey> find(const KeyQuestion& question) const;
  /// Counts what this process changed on tokens. Note it before a search.
  std::uint64_t changes() const noexcept { return changes_.load(); }
  /// Nothing when this process changed something since `changes`: the search may be outdated.
  void remember(const KeyQuestion& question, KnownKey key, std::uint64_t changes);
  void forget(const KeyQuestion& question);
  /// This process changed something on a token: another answer may be right.
  void forget_all();

 private:
  mutable std::mutex mutex_;
  std::atomic<std::uint64_t> changes_ = 0;
  std::map<KeyQuestion, std::shared_ptr<const KnownKey>> known_;
};

/// This process's.
KnownKeys& known_keys();

struct ForgetAll {
  void operator()(KnownKeys* keys) const { keys->forget_all(); }
};
/// Held while a token is being changed: what is known is forgotten when it goes.
using ForgetAfterChange = std::unique_ptr<KnownKeys, ForgetAll>;

}  // namespace keystore::pkcs11
