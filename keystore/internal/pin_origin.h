#pragma once

#include "keystore/api.h"
#include "keystore/backend.h"

namespace keystore {

/// Who answers when a PIN is read.
enum class PinOrigin {
  nobody,    ///< there is no source
  person,    ///< at the terminal, each time, seeing which token asks
  callback,  ///< the application, each time, told which token asks
  once,      ///< a descriptor: dry after the first time
  again,     ///< a file, program, variable or text: the same for every token, at any time
};

/// For `uri` opened with `options`, a PIN in hand left aside.
KEYSTORE_API PinOrigin pin_origin(const Uri& uri, const OpenOptions& options);
/// It is written there itself: `pin-value`, `pass:`.
KEYSTORE_API bool pin_is_stated(const Uri& uri, const OpenOptions& options);

}  // namespace keystore
