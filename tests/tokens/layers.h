#pragma once

#include <p11-kit/pkcs11.h>

#include "tests/tokens/call_counts.h"
#include "tests/tokens/faults.h"
#include "tests/tokens/real_module.h"

// What the rows about the token as a whole change, one concern a layer. Each takes the functions
// under it and gives a list in which some are replaced.
namespace keystore::testing {

/// Sessions and their limit, presence, flags.
CK_FUNCTION_LIST slot_layer(const CK_FUNCTION_LIST& under, const FaultTable& table,
                            RealModule& real);

/// Counts wrong PINs and knows the keypad.
CK_FUNCTION_LIST pin_layer(const CK_FUNCTION_LIST& under, const FaultTable& table,
                           CallCounts& memory);

/// Makes signatures of messages, hashing them itself.
CK_FUNCTION_LIST hashing_layer(const CK_FUNCTION_LIST& under, const FaultTable& table);

/// Hides mechanisms, or their signing.
CK_FUNCTION_LIST mechanism_layer(const CK_FUNCTION_LIST& under, const FaultTable& table);

/// Refuses private keys, or has them ask for the PIN each time.
CK_FUNCTION_LIST key_layer(const CK_FUNCTION_LIST& under, const FaultTable& table);

/// Says what a token says that has lost its mind.
CK_FUNCTION_LIST answer_layer(const CK_FUNCTION_LIST& under, const FaultTable& table);

}  // namespace keystore::testing
