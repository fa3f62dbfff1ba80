#pragma once

#include <memory>
#include <optional>

#include "backends/pkcs11/patience.h"
#include "backends/pkcs11/session.h"
#include "backends/pkcs11/token_link.h"
#include "backends/pkcs11/tree_lock.h"
#include "backends/pkcs11/turn.h"

namespace keystore::pkcs11 {

/// Logs the user in, once: with `known`, a PIN in hand, else with the one that `link` has a source
/// for. A PIN that was refused anywhere in the process tree is not tried again; none is tried on a
/// locked token, and on the last try only one that a person types. One source for several tokens
/// is shown to none of them. The caller holds `turn` of the token. The PIN to keep, which the token
/// took; null: none, because the token asks at its own keypad, somebody was logged in, or the
/// policy pin_cache says so. Errors: pin_required, pin_incorrect, pin_locked, ambiguous, as the
/// source, unavailable.
Result<std::shared_ptr<const HeldPin>> log_in(const Session& session, CK_SLOT_ID slot,
                                              const TokenLink& link,
                                              std::shared_ptr<const HeldPin> known, Turn& turn,
                                              Patience& patience);

/// The login that a key with CKA_ALWAYS_AUTHENTICATE wants between starting an operation and doing
/// it (PKCS#11 2.40, C_Login, CKU_CONTEXT_SPECIFIC). One at a time in the process tree, so that a
/// PIN that was changed costs one try. Errors: as log_in().
Result<void> log_in_for_operation(const Session& session, const TokenLink& link,
                                  Patience& patience);

/// Whether `stated`, which the caller wrote down, is the PIN that the process logged in with: the
/// token does not judge it then. `accepted` not set: not known, only what was refused is. Errors:
/// pin_incorrect, timed_out.
Result<void> check_same_pin(const TokenLink& link, const std::optional<PinFingerprint>& accepted,
                            BytesView stated, const Patience& patience);

}  // namespace keystore::pkcs11
