#pragma once

#include <memory>
#include <optional>

#include "keystore/backend.h"
#include "tests/support/gate.h"

namespace keystore::testing {

/// A key whose operations wait at a gate, and then do what another key does, or fail.
class GatedKey final : public KeyBackend {
 public:
  GatedKey(Key key, Gate& gate, std::optional<Error> error = {})
      : key_(std::move(key)), gate_(gate), error_(std::move(error)) {}

  const Entry& entry() const noexcept override { return key_.entry(); }
  std::span<const SignatureScheme> schemes() const noexcept override { return key_.schemes(); }
  Result<Reply> run(const Request& request, const CallLimits&) const override {
    gate_.pass();
    if (error_) return Failure(*error_);
    return std::visit([&](const auto& asked) { return answer(asked); }, request);
  }
  Result<Secret> export_pkcs8() const override {
    return fail(Errc::access_denied, "the key stays where it is");
  }

 private:
  static Result<Reply> reply(auto result) {
    if (!result) return Failure(result.error());
    return Reply(*std::move(result));
  }
  Result<Reply> answer(const SignRequest& asked) const {
    return reply(key_.sign_digest(asked.spec, asked.input));
  }
  Result<Reply> answer(const DecryptRequest& asked) const {
    return reply(key_.decrypt(asked.spec, asked.ciphertext));
  }
  Result<Reply> answer(const DeriveRequest& asked) const { return reply(key_.derive(asked.peer)); }

  Key key_;
  Gate& gate_;
  std::optional<Error> error_;
};

inline Key gated(const Key& key, Gate& gate, std::optional<Error> error = {}) {
  return Key(std::make_shared<const GatedKey>(key, gate, std::move(error)));
}

}  // namespace keystore::testing
