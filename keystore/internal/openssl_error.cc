#include "keystore/internal/openssl_error.h"

#include <openssl/err.h>

namespace keystore {

OpensslErrorMark::OpensslErrorMark() noexcept { ERR_set_mark(); }

OpensslErrorMark::~OpensslErrorMark() { ERR_pop_to_mark(); }

Error error_from_openssl(Errc code, std::string message) {
  const char* function = nullptr;
  const auto packed = ERR_peek_last_error_all(nullptr, nullptr, &function, nullptr, nullptr);
  Error error{.code = code, .message = std::move(message)};
  if (packed != 0) {
    error.cause = Cause{"openssl", function == nullptr ? "" : function, packed};
  }
  return error;
}

}  // namespace keystore
