#include "keystore/lifecycle/internal/destination.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "keystore/lifecycle/internal/crypto.h"
#include "keystore/lifecycle/internal/key_file.h"

namespace keystore::lifecycle {
namespace {

constexpr std::size_t message_size = 64;

Uri token_of(const Uri& object);
std::vector<SignatureScheme> one_per_algorithm(const Key& key);
Result<bool> is_moved_key(const Key& key, const PublicKey& expected);

}  // namespace

Result<Store> open_token(const Uri& object, const std::shared_ptr<SecretKeeper>& pin) {
  // A key that policy refuses to use must still be found: a rollback removes it.
  const auto options = without_policy(SecretKeeper::options_of(pin));
  if (!options) return Failure(options.error());
  return open(token_of(object), *options);
}

Result<Store> open_token(const MovePlan::Data& plan) {
  const auto object = Uri::parse(plan.destination);
  if (!object) return Failure(object.error());
  return open_token(*object, plan.pin);
}

Result<std::optional<Key>> find_moved_key(const Store& token, const MovePlan::Data& plan) {
  const auto expected = PublicKey::parse(plan.public_key);
  if (!expected) return Failure(expected.error());
  const auto keys = token.find_keys({.id = plan.object_id});
  if (!keys) return Failure(keys.error());
  for (const auto& key : keys->items) {
    const auto same = is_moved_key(key, *expected);
    if (!same) return Failure(same.error());
    if (*same) return key;
  }
  if (!keys->skipped.empty()) return Failure(keys->skipped.front());
  return std::nullopt;
}

Result<void> prove_key(const Key& key, const PublicKey& expected) {
  const auto name = key.uri().canonical();
  const auto schemes = one_per_algorithm(key);
  if (schemes.empty()) {
    return fail(Errc::unsupported,
                fmt::format("{} cannot sign: the token has no mechanism for it", name));
  }
  const auto message = random_bytes(message_size);
  if (!message) return Failure(message.error());
  for (const auto scheme : schemes) {
    const auto signature = key.sign(scheme, *message);
    if (!signature) return Failure(signature.error());
    const auto good = expected.verify(spec_of(scheme), *message, *signature);
    if (!good) return Failure(good.error());
    if (*good) continue;
    return fail(Errc::key_mismatch,
                fmt::format("the {} signature of {} is not good for the public key of the file",
                            to_string(scheme), name));
  }
  return {};
}

namespace {

Uri token_of(const Uri& object) {
  auto token = object;
  for (const auto* name : {"object", "id", "type"}) token = token.without_path_attribute(name);
  return token.without_query_attribute("pin-source").without_query_attribute("pin-value");
}

std::vector<SignatureScheme> one_per_algorithm(const Key& key) {
  std::vector<SignatureScheme> schemes;
  for (const auto scheme : key.schemes()) {
    const auto same = [scheme](SignatureScheme other) {
      return spec_of(other).algorithm == spec_of(scheme).algorithm;
    };
    if (std::none_of(schemes.begin(), schemes.end(), same)) schemes.push_back(scheme);
  }
  return schemes;
}

Result<bool> is_moved_key(const Key& key, const PublicKey& expected) {
  if (key.public_key()) return *key.public_key() == expected;
  const auto proof = prove_key(key, expected);
  if (proof) return true;
  if (proof.error().code == Errc::key_mismatch) return false;
  return Failure(proof.error());
}

}  // namespace
}  // namespace keystore::lifecycle
