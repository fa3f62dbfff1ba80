#pragma once

#include <atomic>

#include "keystore/api.h"

namespace keystore {

/// A pointer that is null again in every forked child: it sits on a page that the kernel wipes on
/// fork (MADV_WIPEONFORK, Linux 4.14). Any thread; a constinit global.
/// Exported for the bindings of this project.
class KEYSTORE_API ForkMarker {
 public:
  constexpr ForkMarker() noexcept = default;
  ForkMarker(const ForkMarker&) = delete;
  ForkMarker& operator=(const ForkMarker&) = delete;

  /// Throws std::bad_alloc where the page cannot be had.
  std::atomic<void*>& slot() {
    auto* page = page_.load(std::memory_order_acquire);
    return page != nullptr ? *page : make_slot();
  }
  /// The pointer as it is now; makes nothing.
  void* value() const noexcept {
    const auto* page = page_.load(std::memory_order_acquire);
    return page != nullptr ? page->load(std::memory_order_acquire) : nullptr;
  }

 private:
  std::atomic<void*>& make_slot();

  std::atomic<std::atomic<void*>*> page_ = nullptr;
};

}  // namespace keystore
