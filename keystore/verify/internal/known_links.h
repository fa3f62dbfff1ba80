#pragma once

#include <chrono>

#include "keystore/verify/internal/member.h"

namespace keystore::verify {

/// Whether every signature of the path is good, its issuers may sign certificates, and all of it is
/// valid at that time: what OpenSSL asks last of a path. Signatures between CAs that OpenSSL found
/// good before, in this process, are not computed again; whether one certificate bears a good
/// signature of another never changes. False: not known, so OpenSSL is to look itself. Any thread.
bool is_known_good(const CandidatePath& path, std::chrono::sys_seconds at);

/// Keeps in mind, within bounds, that OpenSSL accepted the path and so the signatures in it. That
/// of the target is not kept: unlike those of CAs it seldom comes again.
void note_accepted(const CandidatePath& path);

}  // namespace keystore::verify
