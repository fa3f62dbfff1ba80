#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "keystore/backend.h"
#include "keystore/store.h"
#include "tools/options.h"

namespace keystore::cli {

/// A NewObject together with the passphrase that it borrows.
class WantedObject {
 public:
  WantedObject(NewObject object, std::optional<Secret> passphrase)
      : object_(std::move(object)), passphrase_(std::move(passphrase)) {}
  NewObject object() const {
    auto copy = object_;
    copy.passphrase = passphrase_ ? &*passphrase_ : nullptr;
    return copy;
  }

 private:
  NewObject object_;
  std::optional<Secret> passphrase_;
};

/// The options of `new` and `import` that say how a new object shall be.
struct NewObjectOptions {
  std::string label = {};
  std::string id = {};
  std::vector<std::string> usage = {};
  bool extractable = false;
  bool wrappable = false;
  bool wrap_with_trusted = false;
  bool force = false;
  SecretOption passphrase = {};

  void add_to(CLI::App& command);
  /// `where` is named when a passphrase is asked for. Errors: invalid_argument, as
  /// SecretSource::read.
  Result<WantedObject> read(const std::string& where) const;
};

/// A key pair in `store`. Errors: unsupported where it makes none, refused_by_policy where the
/// policy would let nobody use it, as Generator::generate_key.
Result<Key> generate_key(const Store& store, const KeySpec& spec, const NewObject& object);

}  // namespace keystore::cli
