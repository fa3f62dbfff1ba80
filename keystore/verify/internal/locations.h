#pragma once

#include <string>
#include <vector>

#include "keystore/verify/internal/member.h"

namespace keystore::verify {

// Places that a certificate names, http and https alone, few of each.

/// Where its issuer's certificate is (id-ad-caIssuers).
std::vector<std::string> issuer_locations(const Member& member);
/// Who knows its status (id-ad-ocsp).
std::vector<std::string> ocsp_locations(const Member& member);
/// Where its issuer's CRL is (full names of distribution points).
std::vector<std::string> crl_locations(const Member& member);

}  // namespace keystore::verify
