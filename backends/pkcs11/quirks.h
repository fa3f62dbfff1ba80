#pragma once

#include <string_view>

namespace keystore::pkcs11 {

/// Where a module or its tokens differ from the standard or from what is usual. The default is
/// what the standard promises.
struct Quirks {
  /// Keeps its state in this process and takes no notice of a fork: no call may be inside while the
  /// process forks, or the child inherits the module's mutexes locked.
  bool pause_at_fork = false;
  /// A child of a process that has used it cannot: it goes on with what the parent has open, and
  /// C_Initialize does not part them. Only exec() does.
  bool dead_in_forked_child = false;
  /// Sees tokens, or what stands between it and them, at C_Initialize only.
  bool tokens_fixed_at_initialise = false;
  /// Connects to its device at C_Initialize only, and shows the token as it was when that is lost.
  bool connects_at_initialise = false;
  /// CKM_RSA_PKCS_OAEP with SHA-1 and an empty label only.
  bool oaep_sha1_only = false;
  /// CKM_RSA_PKCS_PSS only with the same digest for MGF1.
  bool pss_one_digest = false;
  /// Says CKR_GENERAL_ERROR when a ciphertext does not decrypt.
  bool general_error_is_bad_ciphertext = false;
  /// Takes no notice of CK_EDDSA_PARAMS: signs without the context that it was given.
  bool eddsa_without_context = false;
  /// A C_Decrypt that fails does not end its operation (PKCS#11 2.40, C_Decrypt): the session and
  /// the key stay busy until C_DecryptFinal.
  bool failed_decrypt_stays_open = false;
  /// Writes and wants CKA_EC_PARAMS of Edwards curves as an OID, not as a curve name.
  bool edwards_by_oid = false;
  /// Keeps and makes X25519 and X448 keys as CKK_EC_EDWARDS, told apart by CKA_EC_PARAMS.
  bool montgomery_as_edwards = false;
  /// Signs faster with an EC key that is a session object than with one of the token, which it
  /// looks up in its store at every use.
  bool ec_session_copy = false;
  /// Looks for the file of a key of the token at each use. A session object has none: it serves
  /// where the program gives up its root folder (`eager` of the configuration).
  bool key_file_at_each_use = false;
  /// Allows every use of a private key that the template leaves out.
  bool unnamed_uses_are_allowed = false;
  /// CKM_AES_KEY_WRAP_PAD wraps as RFC 5649 says, which is CKM_AES_KEY_WRAP_KWP by the standard.
  bool key_wrap_pad_is_kwp = false;
};

/// Of a token, by manufacturerID and model of CK_TOKEN_INFO, blanks trimmed. Null: not in the
/// table.
const Quirks* find_quirks(std::string_view manufacturer, std::string_view model) noexcept;
/// Of a module, by manufacturerID and libraryDescription of CK_INFO, and by where it was loaded
/// from, because one that passes calls on speaks in the name of the one behind it.
const Quirks* find_module_quirks(std::string_view manufacturer, std::string_view description,
                                 std::string_view path) noexcept;

}  // namespace keystore::pkcs11
