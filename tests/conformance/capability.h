#pragma once

#include <array>
#include <string_view>

namespace keystore::testing {

/// What tokens differ in: each a row of the table that capability_test.cc prints and checks.
enum class Capability {
  generate_rsa,
  generate_p256,
  generate_p384,
  generate_p521,
  generate_ed25519,
  generate_ed448,
  import_rsa,
  import_p256,
  import_p384,
  import_p521,
  import_ed25519,
  import_ed448,
  import_certificate,
  sign_pkcs1,
  sign_pss,
  sign_ecdsa,
  sign_ed25519,
  sign_ed448,
  decrypt_pkcs1,
  decrypt_oaep_sha1,
  decrypt_oaep_sha256,
  derive_ecdh,
  sign_in_child,  ///< forked from a process that has used the token
};

/// Something that a token does not do, and why.
struct Lack {
  Capability capability = {};
  std::string_view because = {};
};

/// A file of tests/data/pem, and what making, importing and signing with a key like it are called.
struct KeyFile {
  std::string_view file = {};
  std::string_view type = {};  ///< as KeySpec::parse() takes it
  Capability generate = {};
  Capability import = {};
  Capability sign = {};
};

inline constexpr std::array key_files = {
    KeyFile{"rsa.pem", "rsa:2048", Capability::generate_rsa, Capability::import_rsa,
            Capability::sign_pkcs1},
    KeyFile{"ec-p-256.pem", "ec:p256", Capability::generate_p256, Capability::import_p256,
            Capability::sign_ecdsa},
    KeyFile{"ec-p-384.pem", "ec:p384", Capability::generate_p384, Capability::import_p384,
            Capability::sign_ecdsa},
    KeyFile{"ec-p-521.pem", "ec:p521", Capability::generate_p521, Capability::import_p521,
            Capability::sign_ecdsa},
    KeyFile{"ed25519.pem", "ed25519", Capability::generate_ed25519, Capability::import_ed25519,
            Capability::sign_ed25519},
    KeyFile{"ed448.pem", "ed448", Capability::generate_ed448, Capability::import_ed448,
            Capability::sign_ed448},
};

}  // namespace keystore::testing
