#pragma once

#include <span>
#include <string>
#include <string_view>

#include "backends/pkcs11/cryptoki.h"
#include "keystore/error.h"

namespace keystore::pkcs11 {

/// What may mend a failed call (DESIGN.md, section 9), the mildest first.
enum class Remedy {
  none,             ///< the answer is final
  find_object,      ///< the object's handle is stale
  replace_session,  ///< this one session is in a state of its own
  log_in,           ///< the login was lost
  reopen_session,   ///< the session is gone
  find_token,       ///< the token is away, or elsewhere
  initialise,       ///< the module forgot us
};

/// Not of the standard: the call was not made, because the process is at its exit handlers.
inline constexpr CK_RV rv_process_ends = ~CK_RV{0};

/// One return value: its name, what it is to callers and what we do about it.
struct RvRow {
  CK_RV rv = CKR_OK;
  std::string_view name = {};
  Errc code = Errc::internal;
  Remedy remedy = Remedy::none;
  std::string_view words = {};  ///< for messages
};

/// All values of PKCS#11 2.40 to 3.2, ordered, and ours.
std::span<const RvRow> rv_rows() noexcept;

/// The row of `rv`. Values that a vendor defined share one, and so do those that nobody defined.
const RvRow& row_of(CK_RV rv) noexcept;

/// "CKR_PIN_INCORRECT", or "0x80000001" where it has no name.
std::string rv_name(CK_RV rv);

inline Remedy remedy_for(CK_RV rv) noexcept { return row_of(rv).remedy; }

/// As remedy_for(), for an error that error_from_rv() made.
Remedy remedy_for(const Error& error) noexcept;

}  // namespace keystore::pkcs11
