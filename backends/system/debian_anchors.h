#pragma once

#include "keystore/backend.h"

namespace keystore::system {

// Changes of Debian's trust store, as an administrator makes them: a file in
// /usr/local/share/ca-certificates is added or removed, or a certificate of a package is deselected
// or selected in /etc/ca-certificates.conf, and update-ca-certificates(8) is run. A change that it
// fails on is taken back. Each is recorded in /var/lib/keystore/trust for undoing.

/// A certificate that is not trusted yet.
Result<TrustChange> plan_to_add(const Certificate& certificate);
/// Errors: unsupported, when neither of the two has it.
Result<TrustChange> plan_to_remove(const Certificate& certificate);
/// Errors: as TrustEditor::plan_undo.
Result<TrustChange> plan_to_undo();

}  // namespace keystore::system
