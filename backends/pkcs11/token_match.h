#pragma once

#include <string>
#include <vector>

#include "backends/pkcs11/module.h"
#include "keystore/uri.h"

namespace keystore::pkcs11 {

/// Whether the token fits every token, slot and library attribute of `uri` (RFC 7512, 2.3).
bool matches(const Uri& uri, Module& module, const SlotToken& token);

/// "'prod' (SoftHSM project, 1a2b…)": for messages.
std::string describe(const TokenIdentity& identity);

/// Errors for a token that is not there: names it and lists those that are.
Error no_such_token(std::string_view wanted, const std::vector<std::string>& present);

}  // namespace keystore::pkcs11
