#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "backends/pkcs11/entry.h"
#include "backends/pkcs11/module.h"
#include "backends/pkcs11/store.h"
#include "backends/pkcs11/token.h"
#include "backends/pkcs11/token_match.h"

namespace keystore::pkcs11 {
namespace {

constexpr std::array token_attributes = {
    "token", "manufacturer", "model", "serial", "slot-id", "slot-description", "slot-manufacturer"};
constexpr std::array back_offs = {std::chrono::milliseconds(5), std::chrono::milliseconds(15),
                                  std::chrono::milliseconds(45)};

/// What one look at all modules shows.
struct Seen {
  std::vector<std::pair<Module*, SlotToken>> fitting = {};
  std::vector<TokenIdentity> all = {};
  std::vector<Error> skipped = {};
};

bool names_a_token(const Uri& uri) {
  return std::ranges::any_of(
      token_attributes, [&](const char* name) { return uri.path_attribute(name).has_value(); });
}

Seen look(const Uri& uri, const std::vector<const Library*>& libraries, bool refresh,
          const Patience& patience) {
  Seen seen;
  for (const auto* library : libraries) {
    auto& module = ProcessState::current().module(*library);
    if (auto ready = module.initialise(patience); !ready) {
      seen.skipped.push_back(ready.error());
      continue;
    }
    if (refresh) module.look_for_tokens_again(patience);
    auto tokens = module.tokens(refresh, patience.first_use_deadline());
    if (!tokens) {
      seen.skipped.push_back(tokens.error());
      continue;
    }
    for (const auto& token : *tokens) {
      if ((token.info.flags & CKF_TOKEN_INITIALIZED) == 0) continue;
      seen.all.push_back(identity_of(token.info));
      if (matches(uri, module, token)) seen.fitting.emplace_back(&module, token);
    }
  }
  return seen;
}

Error nothing_found(const Uri& uri, const Seen& seen) {
  if (seen.all.empty() && !seen.skipped.empty()) return seen.skipped.front();
  std::vector<std::string> present;
  for (const auto& identity : seen.all) present.push_back(describe(identity));
  const auto name = uri.path_attribute("token");
  auto error = no_such_token(
      name ? fmt::format("'{}'", *name) : fmt::format("fits {}", uri.canonical()), present);
  for (const auto& skipped : seen.skipped) error.message += "; besides, " + skipped.message;
  return error;
}

/// A token seen through two modules is one.
Namesakes namesakes_of(const TokenIdentity& identity, const Seen& seen) {
  const auto wants_pin = [&](const std::pair<Module*, SlotToken>& other) {
    const auto flags = other.second.info.flags;
    return identity_of(other.second.info) != identity && (flags & CKF_LOGIN_REQUIRED) != 0 &&
           (flags & CKF_USER_PIN_INITIALIZED) != 0 &&
           (flags & CKF_PROTECTED_AUTHENTICATION_PATH) == 0;
  };
  const auto same_label = [&](const TokenIdentity& other) {
    return other != identity && other.label == identity.label;
  };
  return {.pin = std::ranges::any_of(seen.fitting, wants_pin),
          .label = std::ranges::any_of(seen.all, same_label)};
}

}  // namespace

Result<Listing<LinkedToken>> find_tokens(const Uri& uri, const OpenOptions& options,
                                         const std::vector<const Library*>& libraries,
                                         const Patience& patience) {
  auto seen = look(uri, libraries, false, patience);
  for (const auto wait : back_offs) {
    if (!seen.fitting.empty() || !names_a_token(uri)) break;
    // Another process may be writing to the token just now, which hides it (SoftHSM).
    if (auto go_on = patience.back_off(wait, "cannot find the token"); !go_on) break;
    seen = look(uri, libraries, true, patience);
  }
  const bool nothing_works = seen.all.empty() && !seen.skipped.empty();
  if (seen.fitting.empty() && (names_a_token(uri) || nothing_works)) {
    return Failure(nothing_found(uri, seen));
  }
  Listing<LinkedToken> found{.skipped = std::move(seen.skipped)};
  for (const auto& [module, token] : seen.fitting) {
    const auto identity = identity_of(token.info);
    module->token(identity).take_place(token);
    found.items.push_back({std::make_shared<TokenLink>(module->library(), identity, uri, options,
                                                       namesakes_of(identity, seen)),
                           token_uri(uri, identity, seen.all)});
  }
  return found;
}

Result<LinkedToken> find_token(const Uri& uri, const OpenOptions& options,
                               const std::vector<const Library*>& libraries,
                               const Patience& patience) {
  auto found = find_tokens(uri, options, libraries, patience);
  if (!found) return Failure(found.error());
  if (found->items.size() == 1) return std::move(found->items.front());
  if (found->items.empty()) {
    return fail(Errc::not_found, fmt::format("no token fits {}", uri.canonical()),
                "`keystore token ls` shows slots and tokens, `keystore token init` makes one");
  }
  std::vector<std::string> candidates;
  for (const auto& item : found->items) candidates.push_back(item.uri.canonical());
  return fail(
      Errc::ambiguous,
      fmt::format("several tokens fit {}: {}", uri.canonical(), fmt::join(candidates, ", ")),
      "name one of them");
}

}  // namespace keystore::pkcs11
