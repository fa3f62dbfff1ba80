#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "keystore/error.h"

namespace keystore {

/// A value or an `Error`. `.value()` throws `tl::bad_expected_access<Error>`, the only exception
/// a caller of this library ever sees.
template <class T>
using Result = tl::expected<T, Error>;

/// What a function returns to fail: `return Failure(other.error());`.
using Failure = tl::unexpected<Error>;

/// A failure made on the spot: `return fail(Errc::not_found, "no token 'prod'")`.
inline Failure fail(Errc code, std::string message, std::string hint = {}) {
  return Failure(Error{code, std::move(message), {}, std::move(hint)});
}

}  // namespace keystore
