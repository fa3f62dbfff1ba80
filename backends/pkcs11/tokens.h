#pragma once

#include <string>
#include <vector>

#include "keystore/api.h"
#include "keystore/backend.h"
#include "keystore/query.h"
#include "keystore/result.h"
#include "keystore/uri.h"

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

}  // namespace keystore::pkcs11
