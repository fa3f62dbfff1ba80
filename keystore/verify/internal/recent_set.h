#pragma once

#include <cstddef>
#include <set>
#include <utility>

namespace keystore::verify {

/// A bounded set that keeps what was put in or asked for lately: when the newer half is full, the
/// older one is forgotten. For one thread.
template <class T, class Less = std::less<>>
class RecentSet {
 public:
  explicit RecentSet(std::size_t most_in_half) : most_in_half_(most_in_half) {}

  /// Null when it is not there; borrowed until the next call.
  template <class Key>
  const T* find(const Key& key) {
    if (const auto found = newer_.find(key); found != newer_.end()) return &*found;
    const auto found = older_.find(key);
    return found == older_.end() ? nullptr : add(*found);
  }

  const T* add(T value) {
    if (newer_.size() == most_in_half_) {
      older_ = std::move(newer_);
      newer_.clear();
    }
    return &*newer_.insert(std::move(value)).first;
  }

 private:
  std::size_t most_in_half_;
  std::set<T, Less> newer_ = {};
  std::set<T, Less> older_ = {};
};

}  // namespace keystore::verify
