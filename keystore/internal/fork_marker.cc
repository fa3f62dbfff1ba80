#include "keystore/internal/fork_marker.h"

#include <sys/mman.h>
#include <unistd.h>

#include <new>

namespace keystore {

std::atomic<void*>& ForkMarker::make_slot() {
  const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* page = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED || madvise(page, size, MADV_WIPEONFORK) != 0) throw std::bad_alloc();

  auto* fresh = new (page) std::atomic<void*>(nullptr);
  std::atomic<void*>* present = nullptr;
  if (page_.compare_exchange_strong(present, fresh, std::memory_order_acq_rel)) return *fresh;
  munmap(page, size);
  return *present;
}

}  // namespace keystore
