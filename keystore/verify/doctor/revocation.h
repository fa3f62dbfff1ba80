#pragma once

#include <span>

#include "keystore/verify/doctor/leaf.h"

namespace keystore::verify::doctor {

/// Whether the leaf or one of its issuers was revoked, as far as that was asked: by the revocation
/// lists of the options, what is fetched, and `stapled`, an OCSP response that a server sent
/// (empty: none). `issuers` are those of the leaf, and perhaps more.
void judge_revocation(const Leaf& leaf, std::span<const Certificate> issuers, BytesView stapled,
                      const Case& all, TargetReport& report);

/// Whether the certificate demands a response that the server does not send (RFC 7633).
void judge_stapling(const Leaf& leaf, BytesView stapled, TargetReport& report);

}  // namespace keystore::verify::doctor
