#include "backends/pkcs11/process_state.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <new>

#include "backends/pkcs11/module.h"

namespace keystore::pkcs11 {

constinit std::atomic<ProcessState::Mark*> ProcessState::mark_ = nullptr;
constinit std::atomic<ProcessState*> ProcessState::instance_ = nullptr;

namespace {

constinit std::atomic<std::uint64_t> last_generation = 0;
// The word in the page, for kernels that cannot wipe it.
constinit std::atomic<std::atomic<std::uint32_t>*> word_to_wipe = nullptr;

void wipe_in_child() {
  if (auto* word = word_to_wipe.load()) word->store(0);
}

void* map_page_wiped_on_fork() {
  const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* page = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw std::bad_alloc();
  if (::madvise(page, size, MADV_WIPEONFORK) != 0) {
    word_to_wipe = static_cast<std::atomic<std::uint32_t>*>(page);
    ::pthread_atfork(nullptr, nullptr, wipe_in_child);
  }
  return page;
}

}  // namespace

ProcessState::ProcessState(ProcessState* inherited)
    : inherited_(inherited), generation_(last_generation.fetch_add(1) + 1) {}

ProcessState* ProcessState::existing() noexcept {
  const auto* mark = mark_.load();
  return mark != nullptr && mark->load() == ready ? instance_.load() : nullptr;
}

ProcessState& ProcessState::install() {
  auto* mark = mark_.load();
  if (mark == nullptr) {
    auto* fresh = new (map_page_wiped_on_fork()) Mark(0);
    // A page that lost the race stays mapped: a few threads at most, once.
    if (mark_.compare_exchange_strong(mark, fresh)) mark = fresh;
  }
  for (;;) {
    std::uint32_t seen = 0;
    if (mark->compare_exchange_strong(seen, installing)) {
      // Not owned by anything: it must outlive every static object that may still hold a key.
      instance_ = std::unique_ptr<ProcessState>(new ProcessState(instance_.load())).release();
      mark->store(ready);
      return *instance_.load();
    }
    if (seen == ready) return *instance_.load();
    ::sched_yield();
  }
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
