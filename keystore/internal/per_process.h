#pragma once

#include <atomic>

#include "keystore/internal/fork_marker.h"

namespace keystore {

/// One `T` for each process of a tree, made at first use and never destroyed. A forked child gets
/// a fresh one, whatever another thread of its parent was doing to the old one: no lock is taken
/// around a fork and none is inherited. Any thread; a constinit global.
template <class T>
class PerProcess {
 public:
  constexpr PerProcess() noexcept = default;
  PerProcess(const PerProcess&) = delete;
  PerProcess& operator=(const PerProcess&) = delete;

  T& get() {
    auto& slot = marker_.slot();
    if (void* present = slot.load(std::memory_order_acquire))
      return static_cast<Node*>(present)->value;
    return install(slot);
  }

 private:
  // Linked, so that leak checkers find what belonged to the parent.
  struct Node {
    T value = {};
    Node* previous = nullptr;
  };

  T& install(std::atomic<void*>& slot) {
    auto* fresh = new Node;
    fresh->previous = newest_.load(std::memory_order_relaxed);
    void* present = nullptr;
    if (!slot.compare_exchange_strong(present, fresh, std::memory_order_acq_rel)) {
      delete fresh;
      return static_cast<Node*>(present)->value;
    }
    newest_.store(fresh, std::memory_order_relaxed);
    return fresh->value;
  }

  ForkMarker marker_;
  std::atomic<Node*> newest_ = nullptr;
};

}  // namespace keystore
