#pragma once

#include "keystore/backend.h"

namespace keystore::testing {

/// A key whose store shows no public half.
class Faceless final : public KeyBackend {
 public:
  explicit Faceless(Key key) : key_(std::move(key)), entry_(key_.entry()) {
    entry_.public_key.reset();
  }
  const Entry& entry() const noexcept override { return entry_; }
  std::span<const SignatureScheme> schemes() const noexcept override { return key_.schemes(); }
  Result<Reply> run(const Request& request, const CallLimits& limits) const override {
    const auto& asked = std::get<SignRequest>(request);
    auto made = key_.sign_digest(asked.spec, asked.input, limits);
    if (!made) return Failure(made.error());
    return Reply(*std::move(made));
  }
  Result<Secret> export_pkcs8() const override {
    return fail(Errc::access_denied, "the key stays where it is");
  }

 private:
  Key key_;
  Entry entry_;
};

inline Key faceless(const Key& key) { return Key(std::make_shared<const Faceless>(key)); }

}  // namespace keystore::testing
