#include "backends/pkcs11/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/pkcs11/error.h"

namespace keystore::pkcs11 {
namespace {

std::size_t own_slot() noexcept {
  static constinit std::atomic<std::size_t> next = 0;
  static thread_local const std::size_t own = next.fetch_add(1, std::memory_order_relaxed);
  return own;
}

constexpr std::string_view no_session = "cannot open a session";

}  // namespace

BorrowedSession::~BorrowedSession() {
  if (session_ != nullptr) pool_->give_back(std::move(session_));
}

void BorrowedSession::drop() noexcept {
  if (session_ == nullptr) return;
  session_.reset();
  pool_->count_out();
}

void BorrowedSession::close() noexcept {
  if (session_ != nullptr) session_->close();
  drop();
}

void BorrowedSession::after(Remedy remedy) noexcept {
  switch (remedy) {
    case Remedy::none:
    case Remedy::find_object:
      break;
    case Remedy::log_in:  // seen in the middle of an operation: it may still be open
    case Remedy::replace_session:
    case Remedy::find_token:
      close();
      break;
    case Remedy::reopen_session:
    case Remedy::initialise:
      drop();
      break;
  }
}

// Pools live as long as their process; what is in them is not closed any more.
SessionPool::~SessionPool() = default;

std::optional<BorrowedSession> SessionPool::take_idle() noexcept {
  const auto start = own_slot();
  for (std::size_t i = 0; i < most; ++i) {
    auto& slot = idle_[(start + i) % most].session;
    if (slot.load(std::memory_order_relaxed) == nullptr) continue;
    std::unique_ptr<Session> session(slot.exchange(nullptr));
    if (session == nullptr) continue;
    if (!session->stale()) return BorrowedSession(*this, std::move(session));
    count_out();
  }
  return std::nullopt;
}

Result<BorrowedSession> SessionPool::take(CK_SLOT_ID slot, const Patience& patience) {
  for (;;) {
    if (auto session = take_idle()) return std::move(*session);
    if (reserve()) {
      auto session = open(slot);
      if (session) return BorrowedSession(*this, std::move(*session));
      count_out();
      const auto rv = session.error().cause.value_or(Cause{}).code;
      if (rv != CKR_SESSION_COUNT || empty()) return Failure(session.error());
      limit_ = std::max<std::size_t>(1, open_.load());
    }
    if (auto go_on = patience.check(no_session); !go_on) return Failure(go_on.error());
    waiting_.fetch_add(1);
    if (auto session = take_idle()) {
      waiting_.fetch_sub(1);
      return std::move(*session);
    }
    std::unique_lock lock(mutex_);
    // Bounded, because a stop token does not wake us.
    const auto until =
        std::min(patience.deadline(), Patience::Clock::now() + std::chrono::milliseconds(20));
    came_back_.wait_until(lock, until);
    waiting_.fetch_sub(1);
  }
}

void SessionPool::drop_dead() noexcept {
  limit_ = most;
  for (auto& slot : idle_) {
    std::unique_ptr<Session> session(slot.session.exchange(nullptr));
    if (session == nullptr) continue;
    CK_SESSION_INFO info = {};
    if (!session->stale() && session->call(function::get_session_info, &info) == CKR_OK) {
      give_back(std::move(session));
    } else {
      count_out();
    }
  }
}

Result<std::unique_ptr<Session>> SessionPool::open(CK_SLOT_ID slot) {
  CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
  const auto rv = module_.call_module(function::open_session, slot, CK_FLAGS{CKF_SERIAL_SESSION},
                                      static_cast<void*>(nullptr), CK_NOTIFY{nullptr}, &handle);
  if (rv != CKR_OK) return Failure(error_from_rv(rv, "C_OpenSession", no_session));
  return std::make_unique<Session>(module_, handle, module_.counters().lane(handle));
}

bool SessionPool::reserve() noexcept {
  auto open = open_.load();
  while (open < limit_.load()) {
    if (open_.compare_exchange_weak(open, open + 1)) return true;
  }
  return false;
}

void SessionPool::give_back(std::unique_ptr<Session> session) noexcept {
  if (session->stale()) {
    session.reset();
    count_out();
    return;
  }
  const auto start = own_slot();
  for (std::size_t i = 0; session != nullptr; ++i) {  // as many slots as sessions: one is free
    Session* none = nullptr;
    auto& slot = idle_[(start + i) % most].session;
    if (slot.compare_exchange_strong(none, session.get())) static_cast<void>(session.release());
  }
  wake_one();
}

void SessionPool::count_out() noexcept {
  open_.fetch_sub(1);
  wake_one();
}

void SessionPool::wake_one() noexcept {
  if (waiting_.load() == 0) return;
  const std::scoped_lock lock(mutex_);
  came_back_.notify_one();
}

}  // namespace keystore::pkcs11
