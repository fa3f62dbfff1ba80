#include "backends/pkcs11/token_match.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

namespace keystore::pkcs11 {
namespace {

bool fits(const Uri& uri, std::string_view attribute, std::string_view value) {
  const auto wanted = uri.path_attribute(attribute);
  return !wanted || *wanted == value;
}

bool slot_fits(const Uri& uri, Module& module, CK_SLOT_ID slot) {
  if (!fits(uri, "slot-id", fmt::format("{}", slot))) return false;
  if (!uri.path_attribute("slot-description") && !uri.path_attribute("slot-manufacturer")) {
    return true;
  }
  CK_SLOT_INFO info = {};
  return module.call_module(function::get_slot_info, slot, &info) == CKR_OK &&
         fits(uri, "slot-description", trimmed(info.slotDescription)) &&
         fits(uri, "slot-manufacturer", trimmed(info.manufacturerID));
}

bool library_fits(const Uri& uri, const ModuleInfo& info) {
  const auto version = uri.path_attribute("library-version");
  // "3" is short for "3.0" (RFC 7512, 2.3).
  const auto full = version && version->find('.') == std::string_view::npos
                        ? fmt::format("{}.0", *version)
                        : std::string(version.value_or(info.version));
  return fits(uri, "library-manufacturer", info.manufacturer) &&
         fits(uri, "library-description", info.description) && full == info.version;
}

}  // namespace

bool matches(const Uri& uri, Module& module, const SlotToken& token) {
  const auto identity = identity_of(token.info);
  return fits(uri, "token", identity.label) && fits(uri, "manufacturer", identity.manufacturer) &&
         fits(uri, "model", identity.model) && fits(uri, "serial", identity.serial) &&
         slot_fits(uri, module, token.slot) && library_fits(uri, module.info());
}

std::string describe(const TokenIdentity& identity) {
  return fmt::format("'{}' ({}, serial {})", identity.label, identity.manufacturer,
                     identity.serial);
}

Error no_such_token(std::string_view wanted, const std::vector<std::string>& present) {
  Error error;
  error.code = Errc::not_found;
  error.message = fmt::format("no token {}", wanted);
  error.hint = present.empty() ? "no token is there; `keystore token ls` shows slots and modules"
                               : fmt::format("there are: {}", fmt::join(present, ", "));
  return error;
}

}  // namespace keystore::pkcs11
