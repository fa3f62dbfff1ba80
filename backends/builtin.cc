#include "backends/identity/open.h"
#include "backends/pem/open.h"
#include "backends/pfx/open.h"
#include "backends/pkcs11/open.h"
#include "backends/system/system.h"
#include "keystore/registry.h"

namespace keystore {

const Registry& builtin_registry() {
  // Never destroyed: keys may be used while other static objects go.
  static const auto* const registry = new Registry({
      {.scheme = "file", .open = pem::open},
      {.scheme = "pfx", .open = pfx::open},
      {.scheme = "system", .open = system::open},
      {.scheme = "pkcs11", .open = pkcs11::open},
      {.scheme = "keystore", .open = identity::open},
  });
  return *registry;
}

}  // namespace keystore
