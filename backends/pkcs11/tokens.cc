#include "keystore/tokens.h"

#include <algorithm>

#include "backends/pkcs11/entry.h"
#include "backends/pkcs11/library.h"
#include "backends/pkcs11/mechanism_names.h"
#include "backends/pkcs11/module.h"
#include "backends/pkcs11/token_match.h"
#include "keystore/internal/config_of.h"

namespace keystore::pkcs11 {
namespace {

struct Found {
  Module* module = nullptr;
  SlotToken token = {};
};

Result<std::vector<Found>> tokens_of(const std::string& path, const Uri& uri,
                                     const Config& config) {
  const auto library = load_library(path, config);
  if (!library) return Failure(library.error());
  auto& module = ProcessState::current().module(**library);
  if (auto ready = module.initialise(Patience()); !ready) return Failure(ready.error());
  const auto tokens = module.tokens(true, Patience().first_use_deadline());
  if (!tokens) return Failure(tokens.error());
  std::vector<Found> found;
  for (const auto& token : *tokens) {
    if (matches(uri, module, token)) found.push_back({&module, token});
  }
  return found;
}

TokenInfo describe_token(const Uri& uri, const Found& found,
                         const std::vector<TokenIdentity>& all) {
  const auto flags = found.token.info.flags;
  const auto has = [&](CK_FLAGS flag) { return (flags & flag) != 0; };
  const auto identity = identity_of(found.token.info);
  TokenInfo info{.uri = token_uri(uri, identity, all),
                 .label = identity.label,
                 .manufacturer = identity.manufacturer,
                 .model = identity.model,
                 .serial = identity.serial,
                 .module = found.module->library().path,
                 .slot = found.token.slot,
                 .initialised = has(CKF_TOKEN_INITIALIZED),
                 .write_protected = has(CKF_WRITE_PROTECTED),
                 .login_required = has(CKF_LOGIN_REQUIRED)};
  info.pin = {.set = has(CKF_USER_PIN_INITIALIZED),
              .count_low = has(CKF_USER_PIN_COUNT_LOW),
              .final_try = has(CKF_USER_PIN_FINAL_TRY),
              .locked = has(CKF_USER_PIN_LOCKED)};
  return info;
}

}  // namespace

Result<Listing<TokenInfo>> list_tokens(const Uri& uri, const OpenOptions& options) {
  const auto config = config_of(options);
  if (!config) return Failure(config.error());
  const auto paths = find_modules(uri, **config);
  if (!paths) return Failure(paths.error());
  Listing<TokenInfo> listing;
  std::vector<Found> found;
  for (const auto& path : *paths) {
    auto tokens = tokens_of(path, uri, **config);
    if (tokens) {
      found.insert(found.end(), tokens->begin(), tokens->end());
    } else if (paths->size() == 1) {
      return Failure(tokens.error());
    } else {
      listing.skipped.push_back(tokens.error());
    }
  }
  std::vector<TokenIdentity> all;
  for (const auto& one : found) all.push_back(identity_of(one.token.info));
  for (const auto& one : found) {
    auto info = describe_token(uri, one, all);
    const auto mechanisms = one.module->mechanisms(one.token.slot);
    if (!mechanisms) {
      listing.skipped.push_back(mechanisms.error());
      continue;
    }
    for (const auto mechanism : *mechanisms) info.mechanisms.push_back(mechanism_name(mechanism));
    listing.items.push_back(std::move(info));
  }
  return listing;
}

}  // namespace keystore::pkcs11
