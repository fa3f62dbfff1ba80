#include "backends/pkcs11/rv_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace keystore::pkcs11 {
namespace {

#define KEYSTORE_RV(value) value, #value

// Ordered by value; find_rv() searches it by halves.
constexpr std::array rows = {
    RvRow{KEYSTORE_RV(CKR_OK), Errc::internal, Remedy::none, "success"},
    RvRow{KEYSTORE_RV(CKR_CANCEL), Errc::cancelled, Remedy::none, "cancelled"},
    RvRow{KEYSTORE_RV(CKR_HOST_MEMORY), Errc::unavailable, Remedy::none,
          "the module is out of memory"},
    RvRow{KEYSTORE_RV(CKR_SLOT_ID_INVALID), Errc::unavailable, Remedy::find_token,
          "the slot is gone"},
    RvRow{KEYSTORE_RV(CKR_GENERAL_ERROR), Errc::unavailable, Remedy::find_token,
          "the module reports a general error"},
    // Says YubiHSM when its connection is gone.
    RvRow{KEYSTORE_RV(CKR_FUNCTION_FAILED), Errc::unavailable, Remedy::find_token,
          "the token could not do it"},
    RvRow{KEYSTORE_RV(CKR_ARGUMENTS_BAD), Errc::unsupported, Remedy::none,
          "the module refused the arguments"},
    RvRow{KEYSTORE_RV(CKR_NO_EVENT), Errc::internal, Remedy::none, "no event"},
    RvRow{KEYSTORE_RV(CKR_NEED_TO_CREATE_THREADS), Errc::unsupported, Remedy::none,
          "the module needs threads of its own"},
    RvRow{KEYSTORE_RV(CKR_CANT_LOCK), Errc::unsupported, Remedy::none,
          "the module cannot be used by several threads"},
    RvRow{KEYSTORE_RV(CKR_ATTRIBUTE_READ_ONLY), Errc::access_denied, Remedy::none,
          "an attribute is read-only"},
    RvRow{KEYSTORE_RV(CKR_ATTRIBUTE_SENSITIVE), Errc::access_denied, Remedy::none,
          "the key may not leave the token"},
    RvRow{KEYSTORE_RV(CKR_ATTRIBUTE_TYPE_INVALID), Errc::unsupported, Remedy::none,
          "the token does not know an attribute"},
    RvRow{KEYSTORE_RV(CKR_ATTRIBUTE_VALUE_INVALID), Errc::unsupported, Remedy::none,
          "the token refused the value of an attribute"},
    RvRow{KEYSTORE_RV(CKR_ACTION_PROHIBITED), Errc::access_denied, Remedy::none,
          "the token prohibits it for this object"},
    RvRow{KEYSTORE_RV(CKR_DATA_INVALID), Errc::invalid_argument, Remedy::none,
          "the token refused the data"},
    RvRow{KEYSTORE_RV(CKR_DATA_LEN_RANGE), Errc::invalid_argument, Remedy::none,
          "the data has the wrong length"},
    RvRow{KEYSTORE_RV(CKR_DEVICE_ERROR), Errc::unavailable, Remedy::find_token,
          "the token or its slot has a fault"},
    RvRow{KEYSTORE_RV(CKR_DEVICE_MEMORY), Errc::unavailable, Remedy::none, "the token is full"},
    RvRow{KEYSTORE_RV(CKR_DEVICE_REMOVED), Errc::unavailable, Remedy::find_token,
          "the token was removed"},
    RvRow{KEYSTORE_RV(CKR_ENCRYPTED_DATA_INVALID), Errc::malformed, Remedy::none,
          "the ciphertext does not decrypt"},
    RvRow{KEYSTORE_RV(CKR_ENCRYPTED_DATA_LEN_RANGE), Errc::malformed, Remedy::none,
          "the ciphertext has the wrong length"},
    RvRow{ckr_aead_decrypt_failed, "CKR_AEAD_DECRYPT_FAILED", Errc::malformed, Remedy::none,
          "the ciphertext does not decrypt"},
    RvRow{KEYSTORE_RV(CKR_FUNCTION_CANCELED), Errc::cancelled, Remedy::none,
          "cancelled at the token"},
    RvRow{KEYSTORE_RV(CKR_FUNCTION_NOT_PARALLEL), Errc::internal, Remedy::none,
          "no such parallel function"},
    RvRow{KEYSTORE_RV(CKR_FUNCTION_NOT_SUPPORTED), Errc::unsupported, Remedy::none,
          "the module does not support it"},
    RvRow{KEYSTORE_RV(CKR_KEY_HANDLE_INVALID), Errc::unavailable, Remedy::find_object,
          "the key is no longer where it was"},
    RvRow{KEYSTORE_RV(CKR_KEY_SIZE_RANGE), Errc::unsupported, Remedy::none,
          "the token does not do keys of this size"},
    RvRow{KEYSTORE_RV(CKR_KEY_TYPE_INCONSISTENT), Errc::unsupported, Remedy::none,
          "the key's type does not allow it"},
    RvRow{KEYSTORE_RV(CKR_KEY_NOT_NEEDED), Errc::internal, Remedy::none, "a key was not needed"},
    RvRow{KEYSTORE_RV(CKR_KEY_CHANGED), Errc::unavailable, Remedy::none, "the key has changed"},
    RvRow{KEYSTORE_RV(CKR_KEY_NEEDED), Errc::internal, Remedy::none, "a key is needed"},
    RvRow{KEYSTORE_RV(CKR_KEY_INDIGESTIBLE), Errc::unsupported, Remedy::none,
          "the key cannot be digested"},
    RvRow{KEYSTORE_RV(CKR_KEY_FUNCTION_NOT_PERMITTED), Errc::access_denied, Remedy::none,
          "the key may not be used for this"},
    RvRow{KEYSTORE_RV(CKR_KEY_NOT_WRAPPABLE), Errc::access_denied, Remedy::none,
          "the key may not be wrapped"},
    RvRow{KEYSTORE_RV(CKR_KEY_UNEXTRACTABLE), Errc::access_denied, Remedy::none,
          "the key may not leave the token"},
    RvRow{KEYSTORE_RV(CKR_MECHANISM_INVALID), Errc::unsupported, Remedy::none,
          "the token does not have the mechanism"},
    RvRow{KEYSTORE_RV(CKR_MECHANISM_PARAM_INVALID), Errc::unsupported, Remedy::none,
          "the token does not take these parameters"},
    RvRow{KEYSTORE_RV(CKR_OBJECT_HANDLE_INVALID), Errc::unavailable, Remedy::find_object,
          "the object is no longer where it was"},
    RvRow{KEYSTORE_RV(CKR_OPERATION_ACTIVE), Errc::unavailable, Remedy::replace_session,
          "the session is busy with another operation"},
    RvRow{KEYSTORE_RV(CKR_OPERATION_NOT_INITIALIZED), Errc::unavailable, Remedy::replace_session,
          "the session lost its operation"},
    RvRow{KEYSTORE_RV(CKR_PIN_INCORRECT), Errc::pin_incorrect, Remedy::none, "the PIN was refused"},
    RvRow{KEYSTORE_RV(CKR_PIN_INVALID), Errc::pin_incorrect, Remedy::none,
          "the PIN has characters that the token does not take"},
    RvRow{KEYSTORE_RV(CKR_PIN_LEN_RANGE), Errc::pin_incorrect, Remedy::none,
          "the PIN is too short or too long"},
    RvRow{KEYSTORE_RV(CKR_PIN_EXPIRED), Errc::pin_locked, Remedy::none,
          "the PIN has expired and must be changed"},
    RvRow{KEYSTORE_RV(CKR_PIN_LOCKED), Errc::pin_locked, Remedy::none, "the PIN is locked"},
    RvRow{KEYSTORE_RV(CKR_SESSION_CLOSED), Errc::unavailable, Remedy::reopen_session,
          "the session was closed"},
    RvRow{KEYSTORE_RV(CKR_SESSION_COUNT), Errc::unavailable, Remedy::none,
          "the token has no more sessions"},
    RvRow{KEYSTORE_RV(CKR_SESSION_HANDLE_INVALID), Errc::unavailable, Remedy::reopen_session,
          "the session is gone"},
    RvRow{KEYSTORE_RV(CKR_SESSION_PARALLEL_NOT_SUPPORTED), Errc::internal, Remedy::none,
          "no parallel sessions"},
    RvRow{KEYSTORE_RV(CKR_SESSION_READ_ONLY), Errc::access_denied, Remedy::none,
          "the session is read-only"},
    RvRow{KEYSTORE_RV(CKR_SESSION_EXISTS), Errc::unavailable, Remedy::none,
          "other sessions are open"},
    RvRow{KEYSTORE_RV(CKR_SESSION_READ_ONLY_EXISTS), Errc::unavailable, Remedy::none,
          "read-only sessions are open"},
    RvRow{KEYSTORE_RV(CKR_SESSION_READ_WRITE_SO_EXISTS), Errc::unavailable, Remedy::none,
          "the security officer is logged in"},
    RvRow{KEYSTORE_RV(CKR_SIGNATURE_INVALID), Errc::malformed, Remedy::none,
          "the signature is not good"},
    RvRow{KEYSTORE_RV(CKR_SIGNATURE_LEN_RANGE), Errc::malformed, Remedy::none,
          "the signature has the wrong length"},
    RvRow{KEYSTORE_RV(CKR_TEMPLATE_INCOMPLETE), Errc::unsupported, Remedy::none,
          "the token wants more attributes"},
    RvRow{KEYSTORE_RV(CKR_TEMPLATE_INCONSISTENT), Errc::unsupported, Remedy::none,
          "the token refused this set of attributes"},
    RvRow{KEYSTORE_RV(CKR_TOKEN_NOT_PRESENT), Errc::unavailable, Remedy::find_token,
          "the token is not present"},
    RvRow{KEYSTORE_RV(CKR_TOKEN_NOT_RECOGNIZED), Errc::unavailable, Remedy::find_token,
          "the token is not recognised"},
    RvRow{KEYSTORE_RV(CKR_TOKEN_WRITE_PROTECTED), Errc::access_denied, Remedy::none,
          "the token is write-protected"},
    RvRow{KEYSTORE_RV(CKR_UNWRAPPING_KEY_HANDLE_INVALID), Errc::unavailable, Remedy::find_object,
          "the unwrapping key is no longer where it was"},
    RvRow{KEYSTORE_RV(CKR_UNWRAPPING_KEY_SIZE_RANGE), Errc::unsupported, Remedy::none,
          "the unwrapping key has an unsupported size"},
    RvRow{KEYSTORE_RV(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT), Errc::unsupported, Remedy::none,
          "the unwrapping key's type does not allow it"},
    RvRow{KEYSTORE_RV(CKR_USER_ALREADY_LOGGED_IN), Errc::unavailable, Remedy::none,
          "already logged in"},
    RvRow{KEYSTORE_RV(CKR_USER_NOT_LOGGED_IN), Errc::unavailable, Remedy::log_in, "not logged in"},
    RvRow{KEYSTORE_RV(CKR_USER_PIN_NOT_INITIALIZED), Errc::pin_required, Remedy::none,
          "the token has no user PIN yet"},
    RvRow{KEYSTORE_RV(CKR_USER_TYPE_INVALID), Errc::internal, Remedy::none, "no such user type"},
    RvRow{KEYSTORE_RV(CKR_USER_ANOTHER_ALREADY_LOGGED_IN), Errc::unavailable, Remedy::none,
          "another user is logged in"},
    RvRow{KEYSTORE_RV(CKR_USER_TOO_MANY_TYPES), Errc::unavailable, Remedy::none,
          "too many kinds of user are logged in"},
    RvRow{KEYSTORE_RV(CKR_WRAPPED_KEY_INVALID), Errc::malformed, Remedy::none,
          "the wrapped key is not good"},
    RvRow{KEYSTORE_RV(CKR_WRAPPED_KEY_LEN_RANGE), Errc::malformed, Remedy::none,
          "the wrapped key has the wrong length"},
    RvRow{KEYSTORE_RV(CKR_WRAPPING_KEY_HANDLE_INVALID), Errc::unavailable, Remedy::find_object,
          "the wrapping key is no longer where it was"},
    RvRow{KEYSTORE_RV(CKR_WRAPPING_KEY_SIZE_RANGE), Errc::unsupported, Remedy::none,
          "the wrapping key has an unsupported size"},
    RvRow{KEYSTORE_RV(CKR_WRAPPING_KEY_TYPE_INCONSISTENT), Errc::unsupported, Remedy::none,
          "the wrapping key's type does not allow it"},
    RvRow{KEYSTORE_RV(CKR_RANDOM_SEED_NOT_SUPPORTED), Errc::unsupported, Remedy::none,
          "the token takes no random seed"},
    RvRow{KEYSTORE_RV(CKR_RANDOM_NO_RNG), Errc::unsupported, Remedy::none,
          "the token has no random generator"},
    RvRow{KEYSTORE_RV(CKR_DOMAIN_PARAMS_INVALID), Errc::unsupported, Remedy::none,
          "the token does not know the curve or parameters"},
    RvRow{KEYSTORE_RV(CKR_CURVE_NOT_SUPPORTED), Errc::unsupported, Remedy::none,
          "the token does not support the curve"},
    // We give as much room as an answer can need.
    RvRow{KEYSTORE_RV(CKR_BUFFER_TOO_SMALL), Errc::malformed, Remedy::none,
          "the token's answer is longer than it can be"},
    RvRow{KEYSTORE_RV(CKR_SAVED_STATE_INVALID), Errc::internal, Remedy::none,
          "saved state is not good"},
    RvRow{KEYSTORE_RV(CKR_INFORMATION_SENSITIVE), Errc::access_denied, Remedy::none,
          "the information is sensitive"},
    RvRow{KEYSTORE_RV(CKR_STATE_UNSAVEABLE), Errc::unsupported, Remedy::none,
          "the state cannot be saved"},
    RvRow{KEYSTORE_RV(CKR_CRYPTOKI_NOT_INITIALIZED), Errc::unavailable, Remedy::initialise,
          "the module is not initialised"},
    RvRow{KEYSTORE_RV(CKR_CRYPTOKI_ALREADY_INITIALIZED), Errc::internal, Remedy::none,
          "the module is initialised already"},
    RvRow{KEYSTORE_RV(CKR_MUTEX_BAD), Errc::internal, Remedy::none, "a mutex is not good"},
    RvRow{KEYSTORE_RV(CKR_MUTEX_NOT_LOCKED), Errc::internal, Remedy::none, "a mutex is not locked"},
    RvRow{KEYSTORE_RV(CKR_NEW_PIN_MODE), Errc::access_denied, Remedy::none,
          "the token wants a new PIN"},
    RvRow{KEYSTORE_RV(CKR_NEXT_OTP), Errc::access_denied, Remedy::none,
          "the token wants the next one-time password"},
    RvRow{ckr_exceeded_max_iterations, "CKR_EXCEEDED_MAX_ITERATIONS", Errc::unsupported,
          Remedy::none, "too many iterations"},
    RvRow{ckr_fips_self_test_failed, "CKR_FIPS_SELF_TEST_FAILED", Errc::unavailable, Remedy::none,
          "the module's self test failed"},
    RvRow{ckr_library_load_failed, "CKR_LIBRARY_LOAD_FAILED", Errc::unavailable, Remedy::none,
          "the module could not load a library it needs"},
    RvRow{ckr_pin_too_weak, "CKR_PIN_TOO_WEAK", Errc::pin_incorrect, Remedy::none,
          "the PIN is too weak"},
    RvRow{ckr_public_key_invalid, "CKR_PUBLIC_KEY_INVALID", Errc::malformed, Remedy::none,
          "the public key is not good"},
    RvRow{KEYSTORE_RV(CKR_EXCEEDED_MAX_ITERATIONS), Errc::unsupported, Remedy::none,
          "too many iterations"},
    RvRow{KEYSTORE_RV(CKR_FIPS_SELF_TEST_FAILED), Errc::unavailable, Remedy::none,
          "the module's self test failed"},
    RvRow{KEYSTORE_RV(CKR_LIBRARY_LOAD_FAILED), Errc::unavailable, Remedy::none,
          "the module could not load a library it needs"},
    RvRow{KEYSTORE_RV(CKR_PIN_TOO_WEAK), Errc::pin_incorrect, Remedy::none, "the PIN is too weak"},
    RvRow{KEYSTORE_RV(CKR_PUBLIC_KEY_INVALID), Errc::malformed, Remedy::none,
          "the public key is not good"},
    RvRow{KEYSTORE_RV(CKR_FUNCTION_REJECTED), Errc::access_denied, Remedy::none,
          "rejected at the token"},
    RvRow{ckr_token_resource_exceeded, "CKR_TOKEN_RESOURCE_EXCEEDED", Errc::unavailable,
          Remedy::none, "the token is out of resources"},
    RvRow{ckr_operation_cancel_failed, "CKR_OPERATION_CANCEL_FAILED", Errc::unavailable,
          Remedy::replace_session, "an operation could not be cancelled"},
    RvRow{ckr_key_exhausted, "CKR_KEY_EXHAUSTED", Errc::access_denied, Remedy::none,
          "the key has reached its number of uses"},
    RvRow{ckr_pending, "CKR_PENDING", Errc::internal, Remedy::replace_session,
          "the session answers later"},
    RvRow{ckr_session_async_not_supported, "CKR_SESSION_ASYNC_NOT_SUPPORTED", Errc::unsupported,
          Remedy::none, "no asynchronous sessions"},
    RvRow{ckr_seed_random_required, "CKR_SEED_RANDOM_REQUIRED", Errc::unavailable, Remedy::none,
          "the token's random generator wants a seed"},
    RvRow{ckr_operation_not_validated, "CKR_OPERATION_NOT_VALIDATED", Errc::unsupported,
          Remedy::none, "the token is not validated for it"},
    RvRow{ckr_token_not_initialized, "CKR_TOKEN_NOT_INITIALIZED", Errc::unavailable,
          Remedy::find_token, "the token is not initialised"},
    RvRow{ckr_parameter_set_not_supported, "CKR_PARAMETER_SET_NOT_SUPPORTED", Errc::unsupported,
          Remedy::none, "the token does not support the parameter set"},
    RvRow{rv_process_ends, "no call", Errc::unavailable, Remedy::none, "the process is ending"},
};

#undef KEYSTORE_RV

static_assert(std::ranges::is_sorted(rows, {}, &RvRow::rv));

// Network HSMs say so when their connection is gone, with a number of their own (Utimaco:
// 0x80000384 after a restart).
constexpr RvRow of_vendor = {CKR_VENDOR_DEFINED, "vendor-defined", Errc::unavailable,
                             Remedy::find_token,
                             "the module returned an error of its vendor's own"};
constexpr RvRow of_nobody = {~CK_RV{0}, "unknown", Errc::internal, Remedy::none,
                             "the module returned an unknown value"};

}  // namespace

std::span<const RvRow> rv_rows() noexcept { return rows; }

const RvRow& row_of(CK_RV rv) noexcept {
  const auto* row = std::ranges::lower_bound(rows, rv, {}, &RvRow::rv);
  if (row != rows.end() && row->rv == rv) return *row;
  return (rv & CKR_VENDOR_DEFINED) != 0 ? of_vendor : of_nobody;
}

Remedy remedy_for(const Error& error) noexcept {
  if (!error.cause || error.cause->subsystem != "pkcs11") return Remedy::none;
  const auto& row = row_of(error.cause->code);
  // Nobody knows whether such a login counted as a try of the PIN.
  if (&row == &of_vendor && error.cause->call == "C_Login") return Remedy::none;
  return row.remedy;
}

std::string rv_name(CK_RV rv) {
  const auto& row = row_of(rv);
  return row.rv == rv ? std::string(row.name) : fmt::format("0x{:x}", rv);
}

}  // namespace keystore::pkcs11
