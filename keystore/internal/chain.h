#pragma once

#include <span>
#include <vector>

#include "keystore/api.h"
#include "keystore/certificate.h"

namespace keystore {

/// Whether `issuer` has the name that `certificate` gives its issuer, and made its signature.
KEYSTORE_API bool is_issued_by(const Certificate& certificate, const Certificate& issuer);

/// The issuers above `leaf` that `candidates` hold, nearest first, the root left out. Neither
/// validity nor purposes are looked at: this gathers what a server sends.
KEYSTORE_API std::vector<Certificate> build_chain(const Certificate& leaf,
                                     std::span<const Certificate> candidates);

}  // namespace keystore
