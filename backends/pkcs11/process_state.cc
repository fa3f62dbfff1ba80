#include "backends/pkcs11/process_state.h"

#include "backends/pkcs11/module.h"

namespace keystore::pkcs11 {

constinit ForkMarker ProcessState::marker_;
constinit std::atomic<ProcessState*> ProcessState::newest_ = nullptr;

namespace {

constinit std::atomic<std::uint64_t> last_generation = 0;

}  // namespace

ProcessState::ProcessState(ProcessState* inherited)
    : inherited_(inherited), generation_(last_generation.fetch_add(1) + 1) {}

ProcessState& ProcessState::install() {
  auto& slot = marker_.slot();
  // Not owned by anything: it must outlive every static object that may still hold a key.
  auto fresh = std::unique_ptr<ProcessState>(new ProcessState(newest_.load()));
  void* faster = nullptr;
  if (!slot.compare_exchange_strong(faster, fresh.get(), std::memory_order_acq_rel)) {
    return *static_cast<ProcessState*>(faster);
  }
  newest_ = fresh.get();
  return *fresh.release();
}

Module& ProcessState::module(const Library& library) {
  const auto find = [&]() -> Module* {
    for (auto* module = modules(); module != nullptr; module = module->previous()) {
      if (&module->library() == &library) return module;
    }
    return nullptr;
  };
  if (auto* found = find()) return *found;
  const std::scoped_lock lock(adding_);
  if (auto* found = find()) return *found;
  modules_ = std::make_unique<Module>(library, *this, modules()).release();
  return *modules();
}

}  // namespace keystore::pkcs11
