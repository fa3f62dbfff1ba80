#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "backends/pkcs11/session.h"

namespace keystore::pkcs11 {

/// Copies of private keys as session objects (PKCS#11 2.40, 4.4), for a token that works faster
/// with those (Quirks): one copy of each key in use, in the session that it was made in, which
/// takes it along when it is closed. They carry no label and no id, so that nobody finds them in
/// the place of the key. They are destroyed in reading sessions only, and only in the life of the
/// module that made them: a handle of before may mean something else by now. Any thread.
class SessionCopies {
 public:
  /// The copy of `original`, made in `session` on first use; `original` itself where the token
  /// makes none. `epoch` is the token's: copies of before mean nothing any more.
  CK_OBJECT_HANDLE copy_of(const Session& session, CK_OBJECT_HANDLE original, std::uint64_t epoch);
  /// `copy` did not work any more. Nothing where it is no copy.
  void drop(const Session& session, CK_OBJECT_HANDLE copy);
  /// The key leaves the token, so its copy shall not go on.
  void drop_copy_of(const Session& session, CK_OBJECT_HANDLE original);

 private:
  struct Copy {
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    std::uint32_t initialisation = 0;  ///< of the module
  };
  using Copies = std::map<CK_OBJECT_HANDLE, Copy>;  // by their originals
  static void destroy(const Session& session, const Copy& copy);
  template <class Choice>
  void drop_if(const Session& session, const Choice& choice);

  std::mutex mutex_;
  std::uint64_t epoch_ = 0;
  Copies copies_;
};

}  // namespace keystore::pkcs11
