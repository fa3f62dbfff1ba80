#include "backends/pkcs11/error.h"

#include <fmt/format.h>

#include "backends/pkcs11/rv_table.h"

namespace keystore::pkcs11 {
namespace {

std::string_view hint_for(CK_RV rv) {
  switch (rv) {
    case CKR_USER_PIN_NOT_INITIALIZED:
      return "set the user PIN with `keystore token pin URI --unblock`";
    case CKR_PIN_LOCKED:
      return "the security officer can unblock it with `keystore token pin URI --unblock`";
    case CKR_PIN_EXPIRED:
      return "change it with `keystore token pin URI --change`";
    case CKR_USER_NOT_LOGGED_IN:
      return "give a PIN source, for example `--pin prompt` or `pin-source=` in the URI";
    default:
      return {};
  }
}

}  // namespace

Error error_from_rv(CK_RV rv, std::string_view call, std::string_view action) {
  const auto& row = row_of(rv);
  return Error{row.code, fmt::format("{}: {} ({} from {})", action, row.words, rv_name(rv), call),
               Cause{"pkcs11", std::string(call), rv}, std::string(hint_for(rv))};
}

Error error_from_nonsense(std::string_view call, std::string_view action, std::string_view what) {
  return Error{
      Errc::malformed,
      fmt::format("{}: the token's answer makes no sense: {} (from {})", action, what, call),
      Cause{"pkcs11", std::string(call), CKR_OK},
      "the module or the device is broken; its maker may have a newer version"};
}

Error on_token(std::string_view label, Error error) {
  error.message = fmt::format("token '{}': {}", label, error.message);
  return error;
}

}  // namespace keystore::pkcs11
