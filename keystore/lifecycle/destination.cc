#include "keystore/lifecycle/internal/destination.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "keystore/lifecycle/internal/crypto.h"
#include "keystore/lifecycle/internal/key_file.h"
#include "keystore/log.h"

namespace keystore::lifecycle {
namespace {

constexpr std::size_t message_size = 64;

Result<std::optional<Entry>> find_public_object(const Store& token, const MovePlan::Data& plan);
Result<void> warn_of_husks(const Store& token);
Uri token_of(const Uri& object);
std::vector<SignatureScheme> one_per_algorithm(const Key& key);
Result<bool> is_moved_key(const Key& key, const MovePlan::Data& plan, const PublicKey& expected);

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
    const auto same = is_moved_key(key, plan, *expected);
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

Result<void> remove_moved_key(const Store& token, const MovePlan::Data& plan) {
  const auto key = find_moved_key(token, plan);
  if (!key) return Failure(key.error());
  if (*key) {
    if (auto removed = remove_entry(token, (*key)->entry()); !removed) return removed;
  }
  const auto half = find_public_object(token, plan);
  if (!half) return Failure(half.error());
  if (*half) {
    if (auto removed = remove_entry(token, **half); !removed) return removed;
  }
  return warn_of_husks(token);
}

Result<void> remove_entry(const Store& token, const Entry& entry) {
  if (token.remover() == nullptr) {
    return fail(Errc::unsupported, fmt::format("cannot remove {}", entry.uri.canonical()));
  }
  const auto removed = token.remover()->remove(entry);
  if (removed || removed.error().code == Errc::not_found) return {};
  return removed;
}

Result<bool> is_whole(const Store& token, const MovePlan::Data& plan) {
  const auto key = find_moved_key(token, plan);
  if (!key) return Failure(key.error());
  const auto half = find_public_object(token, plan);
  if (!half) return Failure(half.error());
  return *key && *half;
}

namespace {

Result<std::optional<Entry>> find_public_object(const Store& token, const MovePlan::Data& plan) {
  const auto entries = token.find_entries({.kind = EntryKind::public_key, .id = plan.object_id});
  if (!entries) return Failure(entries.error());
  for (const auto& entry : entries->items) {
    if (entry.public_key && entry.public_key->spki() == plan.public_key) return entry;
  }
  return std::nullopt;
}

// SoftHSM 2.6.1 leaves an object without name and key when it is killed inside C_CreateObject. It
// cannot be told from one that another process is making now, so it is left alone.
Result<void> warn_of_husks(const Store& token) {
  const auto entries = token.find_entries({.kind = EntryKind::private_key});
  if (!entries) return Failure(entries.error());
  for (const auto& entry : entries->items) {
    if (!entry.label.empty() || !entry.id.empty() || (entry.shape && entry.shape->bits != 0))
      continue;
    log(LogLevel::warning,
        fmt::format("{} holds an object without name and key, as a killed import leaves it",
                    token.uri().canonical()));
  }
  return {};
}

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

Result<bool> is_moved_key(const Key& key, const MovePlan::Data& plan, const PublicKey& expected) {
  if (key.public_key()) return *key.public_key() == expected;
  const auto proof = prove_key(key, expected);
  if (proof) return true;
  if (proof.error().code == Errc::key_mismatch) return false;
  // Half of a key, as SoftHSM 2.6.1 leaves it when killed inside C_CreateObject: its name decides.
  if (proof.error().code == Errc::unsupported) return key.label() == plan.label;
  return Failure(proof.error());
}

}  // namespace
}  // namespace keystore::lifecycle
