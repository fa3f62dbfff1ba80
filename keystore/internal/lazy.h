#pragma once

#include <mutex>
#include <optional>

namespace keystore {

/// A value made when first asked for. Any thread; the first one makes it while others wait.
template <class T>
class Lazy {
 public:
  template <class Make>
  const T& get(const Make& make) const {
    std::call_once(once_, [&] { value_.emplace(make()); });
    return *value_;
  }

 private:
  mutable std::once_flag once_;
  mutable std::optional<T> value_;
};

}  // namespace keystore
