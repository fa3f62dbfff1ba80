#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/api.h"
#include "keystore/config.h"
#include "keystore/result.h"
#include "keystore/secret.h"

/// Initialising tokens and setting PINs, over libp11. That library closes the sessions of others
/// and finalises the module, so this is for a process of its own: `keystore token`.
namespace keystore::pkcs11 {

/// A slot with a token in it, as libp11 sees it.
struct TokenSlot {
  unsigned long slot = 0;  ///< of this moment: SoftHSM numbers a token anew once it is initialised
  std::string label = {};
  std::string manufacturer = {};
  std::string model = {};
  std::string serial = {};
  bool initialised = false;
};

/// A module opened for administration; at most one at a time in a process. One thread at a time.
class KEYSTORE_API TokenAdmin {
 public:
  /// `module.path` is trusted as it is: check it first. Errors: unavailable when this process has
  /// opened modules already, and when the module does not load.
  static Result<TokenAdmin> open(const ModuleConfig& module);
  TokenAdmin(TokenAdmin&&) noexcept;
  TokenAdmin& operator=(TokenAdmin&&) noexcept;
  ~TokenAdmin();

  /// Every slot that has a token, free ones (not initialised) included. Errors: unavailable.
  Result<std::vector<TokenSlot>> slots();

  /// Initialises the token in `slot`, which loses all its objects, and sets its user PIN. A token
  /// that has a security officer's PIN already wants that one. `label`: at most 32 octets (PKCS#11
  /// 2.40, C_InitToken). Returns the token where it is now. Errors: invalid_argument, not_found,
  /// pin_incorrect, pin_locked, unavailable, access_denied.
  Result<TokenSlot> initialise(unsigned long slot, std::string_view label, const Secret& so_pin,
                               const Secret& pin);

  /// Sets the first user PIN, or a new one where it is locked or forgotten (C_InitPIN). Errors: as
  /// initialise().
  Result<void> set_pin(unsigned long slot, const Secret& so_pin, const Secret& pin);

  /// Changes the user PIN, knowing the old one (C_SetPIN): one try. Errors: as initialise().
  Result<void> change_pin(unsigned long slot, const Secret& old_pin, const Secret& pin);

 private:
  struct State;
  explicit TokenAdmin(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace keystore::pkcs11
