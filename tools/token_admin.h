#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/pkcs11/admin/token_admin.h"
#include "keystore/uri.h"
#include "tools/options.h"

namespace keystore::cli {

/// The modules that token administration may open: `path` when given, else as pkcs11::find_modules.
/// Each was checked: absolute, owned by root or the user, not writable by others, allowed by
/// policy. Errors: as find_modules, access_denied, refused_by_policy.
Result<std::vector<ModuleConfig>> modules_for_admin(const std::string& path, const Uri& uri);

/// A module opened for administration and the token in it that is meant.
struct AdminToken {
  ModuleConfig module;
  pkcs11::TokenAdmin admin;
  pkcs11::TokenSlot token;
};

/// The one initialised token that `uri` names. Errors: not_found, ambiguous, as TokenAdmin::open.
Result<AdminToken> token_for_admin(const Uri& uri);
/// The first slot with a free token, or `slot`; one that is initialised only with `force`. Errors:
/// not_found, already_exists, as TokenAdmin::open.
Result<AdminToken> slot_for_admin(const std::string& module, std::optional<unsigned long> slot,
                                  bool force);

/// The secret of `option`, else the answer on the terminal.
Result<Secret> secret_or_ask(const SecretOption& option, const PinRequest& request);

/// Prints the token as `token ls` does, without its mechanisms. Errors: as TokenAdmin::slots.
Result<int> print_token(AdminToken& token, bool json);

}  // namespace keystore::cli
