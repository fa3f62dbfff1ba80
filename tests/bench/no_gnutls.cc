#include <stdexcept>

#include "tests/bench/gnutls.h"

namespace keystore::bench {

Contender gnutls(const std::string&, const Subject&) {
  throw std::runtime_error("built without libgnutls28-dev");
}

}  // namespace keystore::bench
