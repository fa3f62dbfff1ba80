#pragma once

#include <algorithm>
#include <memory>

#include "keystore/backend.h"

namespace keystore::testing {

/// A key whose store makes these signatures and no others.
class NarrowKey final : public KeyBackend {
 public:
  NarrowKey(Key whole, std::vector<SignatureScheme> schemes)
      : whole_(std::move(whole)), schemes_(std::move(schemes)) {}

  const Entry& entry() const noexcept override { return whole_.entry(); }
  std::span<const SignatureScheme> schemes() const noexcept override { return schemes_; }
  bool can_sign(const SignSpec& spec) const override {
    return std::ranges::any_of(schemes_, [&](SignatureScheme scheme) {
      const auto each = spec_of(scheme);
      return each.algorithm == spec.algorithm && each.digest == spec.digest;
    });
  }
  Result<Reply> run(const Request& request, const CallLimits& limits) const override {
    const auto* signing = std::get_if<SignRequest>(&request);
    if (signing == nullptr || !can_sign(signing->spec)) {
      return fail(Errc::unsupported, "the store does not do that");
    }
    auto made = whole_.sign_digest(signing->spec, signing->input, limits);
    if (!made) return Failure(made.error());
    return Reply(*std::move(made));
  }
  Result<Secret> export_pkcs8() const override { return fail(Errc::access_denied, "it stays"); }

 private:
  Key whole_;
  std::vector<SignatureScheme> schemes_;
};

inline Key narrow_key(Key whole, std::vector<SignatureScheme> schemes) {
  return Key(std::make_shared<const NarrowKey>(std::move(whole), std::move(schemes)));
}

}  // namespace keystore::testing
