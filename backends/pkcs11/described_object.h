#pragma once

#include "backends/pkcs11/object.h"
#include "keystore/entry.h"

namespace keystore::pkcs11 {

/// The objects of a class that an entry of this token describes: label, id and public half, or
/// certificate, are its own. Errors: of the calls.
Result<std::vector<CK_OBJECT_HANDLE>> find_described(const Session& session,
                                                     CK_OBJECT_CLASS object_class,
                                                     const Entry& entry);

}  // namespace keystore::pkcs11
