#pragma once

#include <memory>

#include "backends/pkcs11/patience.h"
#include "backends/pkcs11/session.h"
#include "backends/pkcs11/token_link.h"
#include "backends/pkcs11/turn.h"

namespace keystore::pkcs11 {

/// Logs the user in, once: with `known`, the PIN that the token took before, else with the one
/// that `link` has a source for. A PIN that was refused anywhere in the process tree is not tried
/// again; on the last try only one that a person types. The caller holds `turn` of the token.
/// Null: nothing to keep, because the token asks at its own keypad or somebody was logged in.
/// Errors: pin_required, pin_incorrect, pin_locked, as the source, unavailable.
Result<std::shared_ptr<const AcceptedPin>> log_in(const Session& session, CK_SLOT_ID slot,
                                                  const TokenLink& link,
                                                  std::shared_ptr<const AcceptedPin> known,
                                                  Turn& turn, Patience& patience);

/// The login that a key with CKA_ALWAYS_AUTHENTICATE wants between starting an operation and doing
/// it (PKCS#11 2.40, C_Login, CKU_CONTEXT_SPECIFIC). Errors: as log_in().
Result<void> log_in_for_operation(const Session& session, const TokenLink& link,
                                  Patience& patience);

}  // namespace keystore::pkcs11
