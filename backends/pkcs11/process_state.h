#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "backends/pkcs11/call_gate.h"
#include "keystore/internal/fork_marker.h"

namespace keystore::pkcs11 {

struct Library;
class Module;

/// Everything about modules, tokens and sessions that changes, one block per process. A forked
/// child notices (ForkMarker), installs a block of its own on first use and leaves the inherited
/// one untouched, so that no lock is inherited. Never destroyed.
class ProcessState {
 public:
  /// This process's block. The check costs a load; only the first call of a process does more.
  static ProcessState& current() {
    if (auto* present = existing()) [[likely]]
      return *present;
    return install();
  }
  /// The block if this process has one already; null otherwise. For handlers of fork and exit.
  static ProcessState* existing() noexcept { return static_cast<ProcessState*>(marker_.value()); }

  /// Unique among this process and its ancestors.
  std::uint64_t generation() const noexcept { return generation_; }
  CallGate& gate() noexcept { return gate_; }
  /// This process's view of `library`, made on first use.
  Module& module(const Library& library);
  /// The newest module; each knows the one before. Null: none yet.
  Module* modules() const noexcept { return modules_.load(std::memory_order_acquire); }
  /// Taken while a library is loaded.
  std::mutex& loading() noexcept { return loading_; }

 private:
  explicit ProcessState(ProcessState* inherited);
  static ProcessState& install();

  static constinit ForkMarker marker_;
  static constinit std::atomic<ProcessState*> newest_;  ///< of this process or of its parent

  ProcessState* inherited_;  ///< the parent's; kept reachable, never touched
  std::uint64_t generation_;
  CallGate gate_;
  std::mutex loading_;
  std::mutex adding_;
  std::atomic<Module*> modules_ = nullptr;
};

}  // namespace keystore::pkcs11
