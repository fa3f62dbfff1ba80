#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "backends/pkcs11/call_gate.h"

namespace keystore::pkcs11 {

struct Library;
class Module;

/// Everything about modules, tokens and sessions that changes, one block per process. A forked
/// child notices by a page that the kernel wipes on fork, installs a block of its own on first use
/// and leaves the inherited one untouched, so that no lock is inherited. Never destroyed.
class ProcessState {
 public:
  /// This process's block. The check costs a load; only the first call of a process does more.
  static ProcessState& current() {
    const auto* mark = mark_.load(std::memory_order_acquire);
    if (mark != nullptr && mark->load(std::memory_order_acquire) == ready) [[likely]] {
      return *instance_.load(std::memory_order_relaxed);
    }
    return install();
  }
  /// The block if this process has one already; null otherwise. For handlers of fork and exit.
  static ProcessState* existing() noexcept;

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

  using Mark = std::atomic<std::uint32_t>;
  static constexpr std::uint32_t installing = 1;
  static constexpr std::uint32_t ready = 2;
  static constinit std::atomic<Mark*> mark_;
  static constinit std::atomic<ProcessState*> instance_;

  ProcessState* inherited_;  ///< the parent's; kept reachable, never touched
  std::uint64_t generation_;
  CallGate gate_;
  std::mutex loading_;
  std::mutex adding_;
  std::atomic<Module*> modules_ = nullptr;
};

}  // namespace keystore::pkcs11
