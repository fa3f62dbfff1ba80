#pragma once

#include <string>
#include <vector>

#include "tests/bench/contenders.h"
#include "tests/bench/report.h"

namespace keystore::bench {

/// Whose key is in another's hands: kept alive with all that it needs until the process ends.
struct RivalKey {
  std::string name;
  EVP_PKEY* key = nullptr;
  OSSL_LIB_CTX* context = nullptr;
};

/// The key on the token through pkcs11-provider and through the libp11 engine, as far as they are
/// installed; the report says which are not.
std::vector<RivalKey> rival_keys(const testing::SoftHsm& hsm, const std::string& label,
                                 Report& report);
/// Whether OpenSSL finds the libp11 engine.
bool engine_is_installed();
/// Signatures through all of them and through GnuTLS.
std::vector<Contender> signing_rivals(const testing::SoftHsm& hsm, const Subject& subject,
                                      Report& report);

/// Loading that key again and again through each of them.
std::vector<Contender> loading_rivals(const testing::SoftHsm& hsm, const std::string& label,
                                      Report& report);

}  // namespace keystore::bench
