#pragma once

#include "tests/support/token_fixture.h"

namespace keystore::testing {

/// The software token of NSS (softokn), as Firefox and Red Hat's servers use it: a key database of
/// SQLite in its folder, made with certutil, that the module is told of by its arguments. Throws
/// std::runtime_error when it cannot be made.
class NssToken : public TokenFixture {
 public:
  NssToken();

  static bool available();
};

}  // namespace keystore::testing
