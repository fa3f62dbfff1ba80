#pragma once

#include <chrono>
#include <string>

#include "keystore/bytes.h"
#include "keystore/result.h"

namespace keystore::verify {

/// A GET, or a POST of `body` where that is not empty.
struct HttpRequest {
  std::string url = {};
  std::string content_type = {};
  Bytes body = {};
};

struct HttpBounds {
  std::chrono::milliseconds timeout = {};
  std::size_t most_octets = 0;
  unsigned redirects = 0;
  bool allow_private_addresses = false;
};

/// The body of an answer with status 200. Errors, naming the URL: invalid_argument (not http or
/// https), refused_by_policy (an address that is not public), timed_out, malformed (too large),
/// unavailable (connection, status, redirects).
Result<Bytes> http(const HttpRequest& request, const HttpBounds& bounds);

}  // namespace keystore::verify
