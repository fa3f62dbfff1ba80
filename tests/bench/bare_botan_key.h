#pragma once

#include <botan/pk_keys.h>

#include <memory>

#include "tests/bench/contenders.h"

namespace keystore::bench {

/// The EC key of `subject`, whose public half is `half`, in a program that knows Botan and PKCS#11
/// alone: a signature is a digest by Botan, C_SignInit and C_Sign. One thread.
std::shared_ptr<Botan::Private_Key> bare_botan_key(const testing::SoftHsm& hsm,
                                                   const Subject& subject,
                                                   const Botan::Public_Key& half);

}  // namespace keystore::bench
