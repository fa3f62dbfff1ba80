#pragma once

#include <string>
#include <vector>

namespace keystore::pkcs11 {

/// A module of p11-kit's configuration.
struct P11kitModule {
  std::string name = {};  ///< of its file, without ".module"
  std::string path = {};  ///< absolute
};

/// What p11-kit's configuration lists for this program, read from its files (pkcs11.conf(5)):
/// p11-kit itself would load every module to tell their paths. Without the modules of the system's
/// trust, which hold no keys, and those reached by a command.
///
/// | read, later ones win | |
/// | --- | --- |
/// | /usr/share/p11-kit/modules/*.module | packages |
/// | /etc/pkcs11/modules/*.module | the administrator |
/// | ~/.config/pkcs11/modules/*.module | the user; not in set-user-id programs |
std::vector<P11kitModule> p11kit_modules();

}  // namespace keystore::pkcs11
