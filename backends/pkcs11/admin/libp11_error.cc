#include "backends/pkcs11/admin/libp11_error.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <p11-kit/pkcs11.h>

namespace keystore::pkcs11 {
namespace {

struct Row {
  CK_RV rv;
  Errc code;
  const char* why;
};

constexpr Row rows[] = {
    {CKR_PIN_INCORRECT, Errc::pin_incorrect, "the PIN is wrong"},
    {CKR_PIN_INVALID, Errc::invalid_argument, "the token does not take such a PIN"},
    {CKR_PIN_LEN_RANGE, Errc::invalid_argument, "the PIN is too short or too long for the token"},
    {CKR_PIN_EXPIRED, Errc::pin_locked, "the PIN has expired"},
    {CKR_PIN_LOCKED, Errc::pin_locked, "the PIN is locked"},
    {CKR_USER_PIN_NOT_INITIALIZED, Errc::pin_required, "the token has no user PIN yet"},
    {CKR_TOKEN_WRITE_PROTECTED, Errc::access_denied, "the token is write-protected"},
    {CKR_TOKEN_NOT_PRESENT, Errc::unavailable, "the token is gone"},
    {CKR_TOKEN_NOT_RECOGNIZED, Errc::unavailable, "the module does not know the token"},
    {CKR_DEVICE_REMOVED, Errc::unavailable, "the token is gone"},
    {CKR_DEVICE_ERROR, Errc::unavailable, "the token has a fault"},
    {CKR_SLOT_ID_INVALID, Errc::not_found, "the slot is gone"},
    {CKR_SESSION_EXISTS, Errc::unavailable, "another program has sessions on the token"},
    {CKR_FUNCTION_NOT_SUPPORTED, Errc::unsupported, "the module cannot do it"},
    {CKR_FUNCTION_CANCELED, Errc::cancelled, "cancelled at the token"},
    {CKR_FUNCTION_FAILED, Errc::unavailable, "the module failed"},
    {CKR_GENERAL_ERROR, Errc::unavailable, "the module failed"},
};

}  // namespace

Error error_from_libp11(std::string call, std::string message) {
  const auto packed = ERR_peek_last_error();
  const auto reason = static_cast<CK_RV>(ERR_GET_REASON(packed));
  Error error{.code = Errc::internal,
              .message = std::move(message),
              .cause = Cause{"libp11", std::move(call), reason}};
  for (const auto& row : rows) {
    if (row.rv != reason) continue;
    error.code = row.code;
    error.message += fmt::format(": {}", row.why);
    return error;
  }
  error.message += fmt::format(": libp11 says 0x{:x}", reason);
  return error;
}

}  // namespace keystore::pkcs11
