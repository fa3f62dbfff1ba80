#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "keystore/verify/fetch.h"
#include "keystore/verify/internal/http.h"

namespace keystore::verify {

/// Until when a body counts. Errors: malformed, when it is not what was asked for.
using Lifetime = std::function<Result<std::chrono::sys_seconds>(BytesView body)>;

struct Fetcher::State {
  explicit State(const FetchOptions& wanted) : options(wanted) {}

  /// Starts one verify(): its bounds, and no failures yet.
  void begin();
  /// The body; null when it is not to be had, which `failures` then tells.
  const Bytes* get(const HttpRequest& request, std::chrono::sys_seconds at,
                   const Lifetime& lifetime);

  FetchOptions options;
  std::vector<Error> failures = {};

 private:
  struct Kept {
    Result<Bytes> body;
    std::chrono::sys_seconds end = {};  ///< no longer counts after it
  };

  Kept ask(const HttpRequest& request, std::chrono::sys_seconds at, const Lifetime& lifetime);

  std::map<std::string, Kept> kept_;
  std::size_t octets_ = 0;
  unsigned requests_left_ = 0;
  std::chrono::steady_clock::time_point deadline_ = {};
};

}  // namespace keystore::verify
