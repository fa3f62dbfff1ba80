#pragma once

#include <botan/exceptn.h>

#include <type_traits>
#include <utility>

#include "keystore/api.h"
#include "keystore/result.h"

/// Keys, identities and stores of Keystore for programs that use Botan. What fails here throws, as
/// everything in Botan does.
namespace keystore::botan {

/// A Result's error as Botan's kind of exception. what() is the message and, in brackets, the hint.
class KEYSTORE_API Exception final : public Botan::Exception {
 public:
  explicit Exception(Error error);

  const Error& error() const noexcept { return error_; }
  Errc code() const noexcept { return error_.code; }
  /// Botan's nearest word for the code.
  Botan::ErrorType error_type() const noexcept override;
  /// The code's number.
  int error_code() const noexcept override;

 private:
  Error error_;
};

/// What `result` holds, if anything. Throws Exception with its error.
template <class T>
T value_of(Result<T> result) {
  if (!result) throw Exception(std::move(result).error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace keystore::botan
