#include "keystore/internal/locked_memory.h"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>

#include "keystore/internal/per_process.h"
#include "keystore/log.h"

namespace keystore {

namespace {

// Small pieces come from slabs, in powers of two; a slab is aligned to its size, so that a piece
// finds it. 64 KiB is all that many containers let a process lock.
constexpr std::size_t slab_size = 64U << 10;
constexpr std::size_t smallest_piece = 32;
constexpr std::size_t piece_classes = 10;
constexpr std::size_t largest_piece = smallest_piece << (piece_classes - 1);

// In front of every piece. `capacity` counts this header too.
struct alignas(16) PieceHeader {
  std::size_t capacity;
};

struct FreePiece {
  FreePiece* next;
};

struct Arena;

struct alignas(16) Slab {
  Arena* owner;
  Slab* older;
};

// The slabs of one process. A forked child starts its own: it may have inherited this one while
// another thread was changing it. What it inherited stays where it is, is wiped when released and
// never handed out again.
struct Arena {
  Arena();
  std::uint8_t* take(std::size_t piece_class);
  void give_back(PieceHeader* piece);
  void add_slab();

  std::mutex mutex;
  std::array<FreePiece*, piece_classes> free_pieces = {};
  std::uint8_t* next = nullptr;
  std::uint8_t* end = nullptr;
};

constinit PerProcess<Arena> arenas;
// Only ever grows, so that a child can walk it whenever the fork happened.
constinit std::atomic<Slab*> newest_slab = nullptr;
constinit std::atomic<int> lock_failure = 0;

std::uint8_t* allocate_large(std::size_t size);
void* map_locked(std::size_t size);
std::size_t offset_in_slab(const void* address);
void lock(void* pages, std::size_t size);
void report_lock_failure();
std::size_t class_of(std::size_t capacity);
Slab* slab_of(PieceHeader* piece);

}  // namespace

std::uint8_t* allocate_locked(std::size_t size) {
  if (size > SIZE_MAX / 2) throw std::bad_alloc();
  const auto capacity = size + sizeof(PieceHeader);
  auto* data =
      capacity > largest_piece ? allocate_large(capacity) : arenas.get().take(class_of(capacity));
  report_lock_failure();
  return data;
}

void release_locked(std::uint8_t* data, std::size_t) noexcept {
  if (data == nullptr) return;
  auto* piece = reinterpret_cast<PieceHeader*>(data) - 1;
  explicit_bzero(data, piece->capacity - sizeof(PieceHeader));
  if (piece->capacity > largest_piece) {
    munmap(piece, piece->capacity);
    return;
  }
  auto& arena = arenas.get();
  if (slab_of(piece)->owner == &arena) arena.give_back(piece);
}

namespace {

// Locks are not inherited: a child's arena begins by locking the slabs of its parents again.
Arena::Arena() {
  for (auto* slab = newest_slab.load(std::memory_order_acquire); slab != nullptr;
       slab = slab->older) {
    lock(slab, slab_size);
  }
}

std::uint8_t* Arena::take(std::size_t piece_class) {
  const auto capacity = smallest_piece << piece_class;
  const std::lock_guard guard(mutex);
  auto& free = free_pieces[piece_class];
  std::uint8_t* data = nullptr;
  if (free != nullptr) {
    data = reinterpret_cast<std::uint8_t*>(free);
    free = free->next;
    std::memset(data, 0, sizeof(FreePiece));
  } else {
    if (static_cast<std::size_t>(end - next) < capacity) add_slab();
    data = next + sizeof(PieceHeader);
    next += capacity;
  }
  (reinterpret_cast<PieceHeader*>(data) - 1)->capacity = capacity;
  return data;
}

void Arena::give_back(PieceHeader* piece) {
  const std::lock_guard guard(mutex);
  auto& free = free_pieces[class_of(piece->capacity)];
  free = new (piece + 1) FreePiece{free};
}

void Arena::add_slab() {
  auto* slab = new (map_locked(slab_size)) Slab{this, nullptr};
  next = reinterpret_cast<std::uint8_t*>(slab + 1);
  end = reinterpret_cast<std::uint8_t*>(slab) + slab_size;
  slab->older = newest_slab.load(std::memory_order_relaxed);
  while (!newest_slab.compare_exchange_weak(slab->older, slab, std::memory_order_release)) {
  }
}

// Whole files rather than keys: pages of their own, which a child inherits but does not lock again.
std::uint8_t* allocate_large(std::size_t capacity) {
  auto* piece = new (map_locked(capacity)) PieceHeader{capacity};
  return reinterpret_cast<std::uint8_t*>(piece + 1);
}

void* map_locked(std::size_t size) {
  const auto spare = size == slab_size ? slab_size : 0;
  void* mapped =
      mmap(nullptr, size + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  if (spare == 0) {
    lock(mapped, size);
    return mapped;
  }
  auto* start = static_cast<std::uint8_t*>(mapped);
  const auto before = (slab_size - offset_in_slab(start)) % slab_size;
  if (before > 0) munmap(start, before);
  munmap(start + before + slab_size, slab_size - before);
  lock(start + before, size);
  return start + before;
}

std::size_t offset_in_slab(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address) % slab_size;
}

void lock(void* pages, std::size_t size) {
  madvise(pages, size, MADV_DONTDUMP);
  if (mlock(pages, size) != 0) {
    int none = 0;
    lock_failure.compare_exchange_strong(none, errno);
  }
}

// Called without the arena's mutex: a log sink may use secrets itself.
void report_lock_failure() {
  constexpr int reported = -1;
  if (lock_failure.load(std::memory_order_relaxed) <= 0) return;
  const int number = lock_failure.exchange(reported);
  if (number <= 0) return;
  log(LogLevel::warning,
      std::string("cannot lock memory, secrets may be swapped out: ") + strerrordesc_np(number));
}

std::size_t class_of(std::size_t capacity) {
  const auto rounded = std::bit_ceil(capacity < smallest_piece ? smallest_piece : capacity);
  return static_cast<std::size_t>(std::countr_zero(rounded) - std::countr_zero(smallest_piece));
}

Slab* slab_of(PieceHeader* piece) {
  return reinterpret_cast<Slab*>(reinterpret_cast<std::uint8_t*>(piece) - offset_in_slab(piece));
}

}  // namespace

}  // namespace keystore
