#include "keystore/identity.h"

#include "keystore/internal/public_key_parsed.h"

namespace keystore {
namespace {

constexpr std::string_view proof_message = "keystore: proof that key and certificate match";

Failure mismatch(const Key& key, const Certificate& leaf) {
  return fail(Errc::key_mismatch, "the certificate of '" + leaf.subject() + "' is not for key '" +
                                      key.uri().canonical() + "'");
}

/// A signature that the leaf's key verifies.
Result<void> prove_match(const Key& key, const Certificate& leaf, const PublicKey& leaf_key,
                         const CallLimits& limits) {
  if (key.schemes().empty()) {
    return fail(Errc::unsupported, "key '" + key.uri().canonical() +
                                       "' does not sign, so nothing proves that the "
                                       "certificate is for it");
  }
  const auto scheme = key.schemes().front();
  const auto signature = key.sign(scheme, as_bytes(proof_message), limits);
  if (!signature) return Failure(signature.error());
  // A key of another type cannot have made it: that is a mismatch too.
  const auto good = leaf_key.verify(spec_of(scheme), as_bytes(proof_message), *signature);
  if (!good.value_or(false)) return mismatch(key, leaf);
  return {};
}

Result<void> check_match(const Key& key, const Certificate& leaf) {
  const auto leaf_key = leaf.public_key();
  if (!leaf_key) return Failure(leaf_key.error());
  if (!key.public_key()) return prove_match(key, leaf, *leaf_key, {});
  if (!same_public_key(*key.public_key(), *leaf_key)) return mismatch(key, leaf);
  return {};
}

}  // namespace

Result<Identity> Identity::create(Key key, Certificate leaf, std::vector<Certificate> chain) {
  if (auto match = check_match(key, leaf); !match) return Failure(match.error());
  return Identity(std::move(key), std::move(leaf), std::move(chain));
}

Result<void> Identity::prove(const CallLimits& limits) const {
  const auto leaf_key = leaf_.public_key();
  if (!leaf_key) return Failure(leaf_key.error());
  return prove_match(key_, leaf_, *leaf_key, limits);
}

}  // namespace keystore
