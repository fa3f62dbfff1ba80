#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "backends/pkcs11/module.h"
#include "backends/pkcs11/patience.h"

namespace keystore::pkcs11 {

class SessionPool;

/// Whether a session may change the objects of its token (CKF_RW_SESSION).
enum class Access { read, write };

/// An open session. Serves one thread at a time.
class Session {
 public:
  Session(Module& module, CK_SESSION_HANDLE handle, Access access)
      : module_(module),
        initialisation_(module.initialisation()),
        handle_(handle),
        access_(access),
        lane_(module.counters().lane(handle)) {}

  Module& module() const noexcept { return module_; }
  CK_SESSION_HANDLE handle() const noexcept { return handle_; }
  Access access() const noexcept { return access_; }
  /// Of the module, when the session was opened (Module::initialisation()).
  std::uint32_t initialisation() const noexcept { return initialisation_; }
  /// The handle belongs to an earlier life of the module.
  bool stale() const noexcept { return initialisation_ != module_.initialisation(); }

  /// A call whose first argument is this session.
  template <class Pointer, class... Arguments>
  CK_RV call(const Function<Pointer>& function, Arguments... arguments) const {
    return module_.call(lane_, function, handle_, arguments...);
  }
  void close() const noexcept {
    if (!stale()) call(function::close_session);
  }

 private:
  Module& module_;
  const std::uint32_t initialisation_;
  const CK_SESSION_HANDLE handle_;
  const Access access_;
  CallCounters::Lane& lane_;
};

/// A session on loan: goes back to its pool when this is destroyed.
class BorrowedSession {
 public:
  BorrowedSession(SessionPool& pool, std::unique_ptr<Session> session)
      : pool_(&pool), session_(std::move(session)) {}
  BorrowedSession(BorrowedSession&&) noexcept = default;
  BorrowedSession& operator=(BorrowedSession&&) = delete;
  ~BorrowedSession();

  const Session& operator*() const noexcept { return *session_; }
  const Session* operator->() const noexcept { return session_.get(); }
  /// The session is gone: it does not go back.
  void drop() noexcept;
  /// The session may be in the middle of something: it is closed and does not go back. The last one
  /// of the token stays open until another is: with it the login would go.
  void close() noexcept;
  /// After a call returned something that calls for `remedy`: keeps, closes or drops it.
  void after(Remedy remedy) noexcept;

 private:
  SessionPool* pool_;
  std::unique_ptr<Session> session_;
};

/// The sessions of one token in one process. Idle ones sit in slots that threads visit starting at
/// their own, so that a thread usually meets nobody; the mutex is for waiting only. How many the
/// token takes is learnt from its CKR_SESSION_COUNT, and tried again when threads wait.
class SessionPool {
 public:
  explicit SessionPool(Module& module) : module_(module) {}
  ~SessionPool();

  /// An idle session, if there is one.
  std::optional<BorrowedSession> take_idle() noexcept;
  /// An idle one, a new one on `slot`, or, when the token has no more, the next that comes back.
  /// For writing an idle reading session is closed where the token has no room for both. Errors:
  /// timed_out, cancelled; as C_OpenSession, with its return value as cause.
  Result<BorrowedSession> take(CK_SLOT_ID slot, const Patience& patience,
                               Access access = Access::read);
  /// Forgets the idle sessions that the token does not know any more.
  void drop_dead() noexcept;
  void close_idle() noexcept;
  bool empty() const noexcept { return open_.load() == 0; }

 private:
  friend class BorrowedSession;
  static constexpr std::size_t most = 512;
  struct alignas(64) Slot {
    std::atomic<Session*> session = nullptr;
  };

  std::optional<BorrowedSession> take_idle(Access access) noexcept;
  Result<std::unique_ptr<Session>> open(CK_SLOT_ID slot, Access access);
  bool reserve() noexcept;
  void learn_limit() noexcept;
  void try_one_more() noexcept;
  std::optional<BorrowedSession> wait(Access access, Patience::Clock::time_point until);
  void give_back(std::unique_ptr<Session> session) noexcept;
  void forget() noexcept;
  void count_out() noexcept;
  void retire(std::unique_ptr<Session> session) noexcept;
  bool close_retired() noexcept;
  void wake_one() noexcept;

  Module& module_;
  std::array<Slot, most> idle_ = {};
  std::atomic<Session*> retired_ = nullptr;  ///< of no use, but keeps the login alive
  std::atomic<std::size_t> reach_ = 8;       ///< slots in use: a power of two, not below open_
  std::atomic<std::size_t> open_ = 0;        ///< idle, on loan and about to be opened
  std::atomic<std::size_t> alive_ = 0;       ///< idle and on loan
  std::atomic<std::size_t> limit_ = most;    ///< of open_: what the token takes, as far as it said
  std::atomic<Patience::Clock::time_point> next_try_ = {};  ///< beyond the limit
  std::atomic<std::size_t> waiting_ = 0;
  std::mutex mutex_;
  std::condition_variable came_back_;
};

}  // namespace keystore::pkcs11
