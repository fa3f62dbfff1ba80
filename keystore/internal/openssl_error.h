#pragma once

#include <string>

#include "keystore/api.h"
#include "keystore/error.h"

namespace keystore {

/// Marks OpenSSL's error queue while it lives; what was raised since is dropped at its end, so
/// that the host finds its queue as it left it.
class KEYSTORE_API OpensslErrorMark {
 public:
  OpensslErrorMark() noexcept;
  ~OpensslErrorMark();
  OpensslErrorMark(const OpensslErrorMark&) = delete;
  OpensslErrorMark& operator=(const OpensslErrorMark&) = delete;
};

/// An error with the newest entry of the queue as its Cause ({"openssl", function, packed code});
/// `message` says what failed on which object. The only place that turns OpenSSL's codes into ours.
KEYSTORE_API Error error_from_openssl(Errc code, std::string message);

}  // namespace keystore
