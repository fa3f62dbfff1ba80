#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "backends/pkcs11/key_mechanisms.h"
#include "backends/pkcs11/module.h"
#include "backends/pkcs11/outage.h"
#include "backends/pkcs11/patience.h"
#include "backends/pkcs11/session.h"
#include "backends/pkcs11/session_copies.h"
#include "backends/pkcs11/token_link.h"
#include "backends/pkcs11/tree_lock.h"
#include "backends/pkcs11/turn.h"

namespace keystore::pkcs11 {

/// Whether the user is logged in on the session's token.
bool logged_in(const Session& session);

/// A token as this process uses it: where it is, its sessions, whether we are logged in. Never
/// destroyed.
class Token {
 public:
  Token(Module& module, TokenIdentity identity, Token* previous)
      : module_(module),
        identity_(std::move(identity)),
        previous_(previous),
        pool_(module),
        turn_(module.counters()),
        outage_([this] { return look_again(); }) {}

  Module& module() const noexcept { return module_; }
  const TokenIdentity& identity() const noexcept { return identity_; }
  Token* previous() const noexcept { return previous_; }
  /// Those of its module where the token itself has none: TPMs bear their makers' names.
  const Quirks& quirks() const noexcept {
    const auto* own = find_quirks(identity_.manufacturer, identity_.model);
    return own != nullptr ? *own : module_.quirks();
  }
  /// Changes whenever object handles of before may mean nothing any more.
  std::uint64_t epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }
  bool has_sessions() const noexcept { return !pool_.empty(); }
  /// Those that the module does not know any more.
  void forget_dead_sessions() noexcept { pool_.drop_dead(); }

  /// The token was seen there just now.
  void take_place(const SlotToken& token);
  /// Finds the token, opens a session and, with `login`, logs in, as far as not done already. Fails
  /// at once while the token is known to be away. Errors: not_found, listing the tokens that are
  /// there; pin_*, unavailable, timed_out.
  Result<void> make_ready(const TokenLink& link, bool login, Patience& patience);
  /// After a call failed with something that `remedy` may mend, `seen` being the epoch before that
  /// call. One thread heals, others wait and find it done; after a failed recovery one thread of
  /// ours looks for the token, and all others fail at once. Errors: as make_ready().
  Result<void> heal(const TokenLink& link, std::uint64_t seen, Remedy remedy, Patience& patience);

  /// An idle session of this token, if there is one.
  std::optional<BorrowedSession> idle_session() noexcept {
    module_.watch_calls();
    return pool_.take_idle();
  }
  /// A session for one operation. Errors: see SessionPool::take().
  Result<BorrowedSession> session(const Patience& patience, Access access = Access::read) {
    return pool_.take(slot_.load(), patience, access);
  }
  /// Used where quirks().ec_session_copy asks for it.
  SessionCopies& copies() noexcept { return copies_; }
  /// What the token can do. Listed once in a process.
  Result<std::shared_ptr<const MechanismTable>> mechanisms(const Patience& patience);
  CK_SLOT_ID slot() const noexcept { return slot_.load(); }
  /// Taken while a person is asked for the PIN.
  Turn& turn() noexcept { return turn_; }
  /// Of the last look at the token.
  CK_FLAGS flags() const noexcept { return flags_.load(); }

  /// The PIN of a login that the token took. With the turn.
  void note_accepted(const PinFingerprint& pin) noexcept { accepted_pin_ = pin; }

  /// At the exit of the process: nobody looks for the token any more.
  void stop_looking() noexcept { outage_.stop(); }

 private:
  Result<void> heal_now(const TokenLink& link, Remedy remedy, bool login, Patience& patience);
  Result<void> heal_once(const TokenLink& link, Remedy remedy, bool login, Patience& patience);
  Result<BorrowedSession> reach(Remedy remedy, const Patience& patience);
  void settle(bool login);
  bool look_again() noexcept;
  Result<void> compare_pin(const TokenLink& link, const Patience& patience) const;
  Result<void> ensure_login(const TokenLink& link, BorrowedSession& session, Patience& patience);
  Result<void> find_slot(const Patience& patience);
  Result<bool> look_at_slots(bool refresh, Patience::Clock::time_point until,
                             std::vector<std::string>& seen);
  void note_failure(const Error& error);

  Module& module_;
  const TokenIdentity identity_;
  Token* const previous_;
  SessionPool pool_;
  SessionCopies copies_;
  Turn turn_;
  std::atomic<std::uint64_t> epoch_ = 0;
  std::atomic<CK_SLOT_ID> slot_ = CK_UNAVAILABLE_INFORMATION;
  std::atomic<CK_FLAGS> flags_ = 0;
  std::atomic<bool> open_ = false;
  std::atomic<bool> logged_in_ = false;
  std::atomic<std::uint64_t> pin_failures_ = 0;
  // With the turn only:
  std::weak_ptr<const HeldPin> pin_;  ///< held by those who may need it again
  std::optional<PinFingerprint> accepted_pin_;
  std::shared_ptr<const MechanismTable> mechanisms_;
  std::optional<Error> pin_failure_;
  std::uint32_t initialisation_ = 0;  ///< of the module, when this token was last sought

  Outage outage_;
};

}  // namespace keystore::pkcs11
