#pragma once

#include <atomic>
#include <map>
#include <string>

#include "backends/pkcs11/cryptoki.h"
#include "backends/pkcs11/quirks.h"
#include "keystore/config.h"
#include "keystore/result.h"

namespace keystore::pkcs11 {

/// A PKCS#11 library in the memory of this process and of all it forks. Never unloaded, so that a
/// forked child, perhaps without rights or in a chroot, needs neither the file nor the loader.
struct Library {
  std::string path = {};
  const CK_FUNCTION_LIST* functions = nullptr;
  std::string init_args = {};                           ///< for C_Initialize; empty: none
  std::map<std::string, std::string> env = {};          ///< of the configuration
  mutable std::atomic<const Quirks*> quirks = nullptr;  ///< known after the first C_Initialize
  const Library* previous = nullptr;
};

/// Loads the library at `path`, or finds it loaded. Errors: invalid_argument (not absolute),
/// refused_by_policy (module_allow), not_found, access_denied (others may write it), malformed (no
/// PKCS#11 module), unavailable (does not load).
Result<const Library*> load_library(const std::string& path, const Config& config);

/// Sets the library's `env` where missing: servers wipe theirs after they read the configuration,
/// and modules look when they are loaded and at C_Initialize.
void set_environment(const Library& library);

}  // namespace keystore::pkcs11
