#pragma once

#include <botan/ec_group.h>

#include <string_view>

#include "bindings/botan/compat.h"
#include "keystore/key.h"

namespace keystore::botan {

// What Botan asks of a private key. `words` are Botan's; each throws Exception, unsupported, for
// words that the key's store cannot follow.

/// `part_size`: octets of each half of a signature of two parts (ECDSA); 0 for those of one.
std::unique_ptr<Botan::PK_Ops::Signature> signature_op(const Key& key, std::string_view words,
                                                       std::size_t part_size);
std::unique_ptr<Botan::PK_Ops::Decryption> decryption_op(const Key& key, std::string_view words);
std::unique_ptr<Botan::PK_Ops::Key_Agreement> agreement_op(const Key& key, std::string_view words,
                                                           const Botan::EC_Group& group);

}  // namespace keystore::botan
