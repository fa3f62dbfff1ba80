#include "backends/pkcs11/tree_lock.h"

#include <errno.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <new>

#include "keystore/internal/lib_ctx.h"
#include "keystore/secret.h"

namespace keystore::pkcs11 {
namespace {

/// What all processes of the tree see. Zero octets are its empty state.
struct TreePage {
  pthread_mutex_t mutex;
  std::array<std::uint8_t, 32> salt;
  std::array<PinFingerprint, 64> refused;  ///< a ring: the oldest gives way
  std::size_t refused_count;
};

void prepare_mutex(pthread_mutex_t& mutex) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

TreePage* make_page() {
  void* memory =
      ::mmap(nullptr, sizeof(TreePage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  ::madvise(memory, sizeof(TreePage), MADV_DONTDUMP);
  auto* page = new (memory) TreePage;
  prepare_mutex(page->mutex);
  if (::getrandom(page->salt.data(), page->salt.size(), 0) !=
      static_cast<ssize_t>(page->salt.size())) {
    return nullptr;
  }
  return page;
}

// Made when the library is loaded, not on first use: a server's master loads us and never touches
// the token, its workers do, and they must share one page.
TreePage* const tree_page = make_page();

timespec as_timespec(Patience::Clock::time_point time) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  return {.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(since - seconds).count()};
}

}  // namespace

Result<TreeLock::Hold> TreeLock::take(Patience::Clock::time_point until, std::string_view action) {
  static constinit TreeLock lock;
  if (tree_page == nullptr) {
    return fail(Errc::unavailable, fmt::format("{}: no shared memory for the lock", action));
  }
  const auto deadline = as_timespec(until);
  const int status = pthread_mutex_clocklock(&tree_page->mutex, CLOCK_MONOTONIC, &deadline);
  if (status == EOWNERDEAD) pthread_mutex_consistent(&tree_page->mutex);
  if (status != 0 && status != EOWNERDEAD) {
    return fail(
        Errc::timed_out,
        fmt::format("{}: another process is opening a token, and the deadline passed", action));
  }
  return Hold(&lock);
}

void TreeLock::release() noexcept { pthread_mutex_unlock(&tree_page->mutex); }

PinFingerprint fingerprint_of(std::string_view token_identity, BytesView pin) {
  Secret text(tree_page->salt.size() + token_identity.size() + 1 + pin.size());
  auto* out = std::ranges::copy(tree_page->salt, text.writable().data()).out;
  out = std::ranges::copy(token_identity, out).out;
  *out++ = 0;
  std::ranges::copy(pin, out);
  const auto digest = hash(Digest::sha256, text.view());
  PinFingerprint fingerprint = {};
  std::ranges::copy_n(digest.begin(),
                      static_cast<std::ptrdiff_t>(std::min(digest.size(), fingerprint.size())),
                      fingerprint.begin());
  return fingerprint;
}

bool was_refused(std::string_view token_identity, BytesView pin) {
  if (tree_page == nullptr) return false;
  const auto& page = *tree_page;
  const auto known = std::min(page.refused_count, page.refused.size());
  if (known == 0) return false;
  const auto end = page.refused.begin() + static_cast<std::ptrdiff_t>(known);
  return std::find(page.refused.begin(), end, fingerprint_of(token_identity, pin)) != end;
}

void remember_refused(std::string_view token_identity, BytesView pin) {
  auto& page = *tree_page;
  page.refused[page.refused_count % page.refused.size()] = fingerprint_of(token_identity, pin);
  ++page.refused_count;
}

}  // namespace keystore::pkcs11
