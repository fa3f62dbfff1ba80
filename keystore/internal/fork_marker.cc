#include "keystore/internal/fork_marker.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <new>

namespace keystore {

namespace {

struct Page {
  std::atomic<void*> slot = nullptr;
  Page* older = nullptr;
};

// Pages that the kernel does not wipe: before Linux 4.14, and in some sandboxes.
constinit std::atomic<Page*> unwiped = nullptr;

void wipe_by_handler(Page* page);
void wipe_all() noexcept;

}  // namespace

std::atomic<void*>& ForkMarker::make_slot() {
  const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* fresh = new (mapped) Page;
  const bool wiped = madvise(mapped, size, MADV_WIPEONFORK) == 0;
  if (!wiped) wipe_by_handler(fresh);

  std::atomic<void*>* present = nullptr;
  if (page_.compare_exchange_strong(present, &fresh->slot, std::memory_order_acq_rel)) {
    return fresh->slot;
  }
  if (wiped) munmap(mapped, size);
  return *present;
}

namespace {

void wipe_by_handler(Page* page) {
  page->older = unwiped.load();
  while (!unwiped.compare_exchange_weak(page->older, page)) {
  }
  if (page->older == nullptr) pthread_atfork(nullptr, nullptr, wipe_all);
}

// Takes no lock, and a child has one thread at first.
void wipe_all() noexcept {
  for (auto* page = unwiped.load(); page != nullptr; page = page->older) page->slot = nullptr;
}

}  // namespace

}  // namespace keystore
