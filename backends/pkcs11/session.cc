#include "backends/pkcs11/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "backends/pkcs11/error.h"

namespace keystore::pkcs11 {
namespace {

std::size_t own_slot() noexcept {
  static constinit std::atomic<std::size_t> next = 0;
  static thread_local const std::size_t own = next.fetch_add(1, std::memory_order_relaxed);
  return own;
}

constexpr std::string_view no_session = "cannot open a session";
constexpr std::string_view no_free_session = "the token has no more sessions, and all are in use";
constexpr auto pause_between_tries = std::chrono::seconds(1);

}  // namespace

BorrowedSession::~BorrowedSession() {
  if (session_ != nullptr) pool_->give_back(std::move(session_));
}

void BorrowedSession::drop() noexcept {
  if (session_ == nullptr) return;
  session_.reset();
  pool_->forget();
}

void BorrowedSession::close() noexcept {
  if (session_ != nullptr) pool_->retire(std::move(session_));
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
  const auto reach = reach_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < reach; ++i) {
    auto& slot = idle_[(start + i) & (reach - 1)].session;
    if (slot.load(std::memory_order_relaxed) == nullptr) continue;
    std::unique_ptr<Session> session(slot.exchange(nullptr));
    if (session == nullptr) continue;
    if (!session->stale()) return BorrowedSession(*this, std::move(session));
    forget();
  }
  return std::nullopt;
}

/// For reading any will do.
std::optional<BorrowedSession> SessionPool::take_idle(Access access) noexcept {
  if (access == Access::read) return take_idle();
  for (auto& slot : idle_) {
    std::unique_ptr<Session> session(slot.session.exchange(nullptr));
    if (session == nullptr) continue;
    const bool fits = session->access() == Access::write && !session->stale();
    if (fits) return BorrowedSession(*this, std::move(session));
    give_back(std::move(session));
  }
  return std::nullopt;
}

Result<BorrowedSession> SessionPool::take(CK_SLOT_ID slot, const Patience& patience,
                                          Access access) {
  for (;;) {
    if (auto session = take_idle(access)) return std::move(*session);
    if (reserve()) {
      auto session = open(slot, access);
      if (session) return BorrowedSession(*this, std::move(*session));
      count_out();
      if (session.error().cause.value_or(Cause{}).code != CKR_SESSION_COUNT) {
        return Failure(session.error());
      }
      learn_limit();
    }
    if (auto go_on = patience.check(no_free_session); !go_on) return Failure(go_on.error());
    if (access == Access::write) {
      if (auto reading = take_idle()) {
        reading->close();
        continue;
      }
    }
    // Bounded, because a stop token does not wake us.
    const auto soon = Patience::Clock::now() + std::chrono::milliseconds(20);
    if (auto session = wait(access, std::min(patience.deadline(), soon))) {
      return std::move(*session);
    }
    try_one_more();
  }
}

std::optional<BorrowedSession> SessionPool::wait(Access access, Patience::Clock::time_point until) {
  std::unique_lock lock(mutex_);
  waiting_.fetch_add(1);
  // What came back before we were counted woke nobody.
  auto session = take_idle(access);
  if (!session) came_back_.wait_until(lock, until);
  waiting_.fetch_sub(1);
  return session;
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
      forget();
    }
  }
}

void SessionPool::close_idle() noexcept {
  for (auto& slot : idle_) {
    const std::unique_ptr<Session> session(slot.session.exchange(nullptr));
    if (session == nullptr) continue;
    session->close();
    forget();
  }
  close_retired();
}

Result<std::unique_ptr<Session>> SessionPool::open(CK_SLOT_ID slot, Access access) {
  CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
  CK_FLAGS flags = CKF_SERIAL_SESSION;
  if (access == Access::write) flags |= CKF_RW_SESSION;
  const auto rv = module_.call_module(function::open_session, slot, flags,
                                      static_cast<void*>(nullptr), CK_NOTIFY{nullptr}, &handle);
  if (rv == CKR_SESSION_COUNT && close_retired()) return open(slot, access);
  if (rv != CKR_OK) return Failure(error_from_rv(rv, "C_OpenSession", no_session));
  alive_.fetch_add(1);
  close_retired();
  return std::make_unique<Session>(module_, handle, access);
}

bool SessionPool::reserve() noexcept {
  auto open = open_.load();
  while (open < limit_.load()) {
    if (!open_.compare_exchange_weak(open, open + 1)) continue;
    auto reach = reach_.load();
    while (reach <= open && !reach_.compare_exchange_weak(reach, std::bit_ceil(open + 1))) {
    }
    return true;
  }
  return false;
}

void SessionPool::learn_limit() noexcept {
  limit_ = std::max<std::size_t>(1, open_.load());
  next_try_ = Patience::Clock::now() + pause_between_tries;
}

/// Others may have closed sessions of theirs meanwhile.
void SessionPool::try_one_more() noexcept {
  const auto now = Patience::Clock::now();
  auto due = next_try_.load();
  if (now < due || limit_ >= most) return;
  if (next_try_.compare_exchange_strong(due, now + pause_between_tries)) limit_.fetch_add(1);
}

void SessionPool::give_back(std::unique_ptr<Session> session) noexcept {
  if (session->stale()) {
    session.reset();
    forget();
    return;
  }
  const auto start = own_slot();
  const auto reach = reach_.load();
  for (std::size_t i = 0; session != nullptr; ++i) {  // as many slots as sessions: one is free
    Session* none = nullptr;
    auto& slot = idle_[(start + i) & (reach - 1)].session;
    if (slot.compare_exchange_strong(none, session.get())) static_cast<void>(session.release());
  }
  wake_one();
}

void SessionPool::forget() noexcept {
  alive_.fetch_sub(1);
  count_out();
}

void SessionPool::count_out() noexcept {
  open_.fetch_sub(1);
  wake_one();
}

/// With the last session of a token the login ends (PKCS#11 2.40, C_CloseSession).
void SessionPool::retire(std::unique_ptr<Session> session) noexcept {
  if (alive_.fetch_sub(1) == 1) session.reset(retired_.exchange(session.release()));
  if (session != nullptr) session->close();
  count_out();
}

bool SessionPool::close_retired() noexcept {
  const std::unique_ptr<Session> session(retired_.exchange(nullptr));
  if (session != nullptr) session->close();
  return session != nullptr;
}

void SessionPool::wake_one() noexcept {
  if (waiting_.load() == 0) return;
  const std::scoped_lock lock(mutex_);
  came_back_.notify_one();
}

}  // namespace keystore::pkcs11
