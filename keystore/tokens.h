#pragma once

#include <string>
#include <vector>

#include "keystore/api.h"
#include "keystore/backend.h"
#include "keystore/query.h"
#include "keystore/result.h"
#include "keystore/uri.h"

/// What tokens there are, for lists and checks.
namespace keystore::pkcs11 {

/// What a token says about its user PIN (PKCS#11 2.40, CK_TOKEN_INFO).
struct PinState {
  bool set = false;
  bool count_low = false;  ///< a wrong PIN was entered since the last good one
  bool final_try = false;
  bool locked = false;
};

/// A token as its module describes it; nothing was logged in for it.
struct TokenInfo {
  Uri uri;  ///< `pkcs11:token=…`, with the serial where two labels are the same
  std::string label = {};
  std::string manufacturer = {};
  std::string model = {};
  std::string serial = {};
  std::string module = {};  ///< absolute path of the module
  unsigned long slot = 0;   ///< of this moment; never keep it
  bool initialised = false;
  bool write_protected = false;
  bool login_required = false;
  PinState pin = {};
  std::vector<std::string> mechanisms = {};  ///< "CKM_RSA_PKCS", …; unknown ones as "0x…"
};

/// The tokens in the modules that `uri` selects and that match its token attributes (`pkcs11:` for
/// all), those not initialised yet included. `options.config` null: the process's. One skipped
/// entry per module or token that cannot be read. Initialises the modules, opens no session.
/// Errors: of the module where `uri` names one; not_found where no module is configured.
KEYSTORE_API Result<Listing<TokenInfo>> list_tokens(const Uri& uri, const OpenOptions& options);

/// The modules that `uri` selects, as absolute paths, the first of these that names any: the URI's
/// `module-path`, its `module-name` (a name in `[modules]`, else of p11-kit's list), `[modules]`,
/// `$PKCS11_MODULE_PATH` (not in set-user-id programs), p11-kit's list of configured modules.
/// Errors: not_found (no such name, or no module anywhere), invalid_argument.
KEYSTORE_API Result<std::vector<std::string>> find_modules(const Uri& uri, const Config& config);

}  // namespace keystore::pkcs11
