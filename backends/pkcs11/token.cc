#include "backends/pkcs11/token.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "backends/pkcs11/error.h"
#include "backends/pkcs11/login.h"
#include "backends/pkcs11/token_match.h"
#include "keystore/log.h"

namespace keystore::pkcs11 {
namespace {

constexpr std::array back_offs = {std::chrono::milliseconds(0), std::chrono::milliseconds(5),
                                  std::chrono::milliseconds(15), std::chrono::milliseconds(45)};
constexpr auto first_pause = std::chrono::milliseconds(100);
constexpr auto longest_pause = std::chrono::seconds(5);

std::string action_on(const TokenIdentity& identity) {
  return fmt::format("cannot open token '{}'", identity.label);
}

void close_and_delete(Session* session) {
  const std::unique_ptr<Session> owned(session);
  owned->close();
}

bool is_about_pin(const Error& error) {
  return error.code == Errc::pin_required || error.code == Errc::pin_incorrect ||
         error.code == Errc::pin_locked || error.code == Errc::cancelled;
}

}  // namespace

bool logged_in(const Session& session) {
  CK_SESSION_INFO info = {};
  return session.call(function::get_session_info, &info) == CKR_OK &&
         (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS);
}

Result<void> Token::make_ready(const TokenLink& link, bool login, Patience& patience) {
  const auto done = [&] { return open_.load() && (!login || logged_in_.load()); };
  if (done()) return {};
  const auto failures = pin_failures_.load();
  auto turn = turn_.take(patience.first_use_deadline(), action_on(identity_));
  if (!turn) return Failure(turn.error());
  if (!done()) {
    // A PIN that failed while we waited would only be asked for again.
    if (login && pin_failures_.load() != failures) return Failure(*pin_failure_);
    const bool unknown = slot_.load() == CK_UNAVAILABLE_INFORMATION;
    auto opened = heal_now(link, unknown ? Remedy::find_token : Remedy::log_in, login, patience);
    if (!opened) return opened;
  }
  link.keep_pin(pin_.lock());
  return {};
}

Result<void> Token::heal(const TokenLink& link, std::uint64_t seen, Remedy remedy,
                         Patience& patience) {
  auto turn = turn_.take(patience.deadline(), action_on(identity_));
  if (!turn) return Failure(turn.error());
  if (epoch() != seen) return {};
  const bool login = logged_in_.exchange(false);
  return heal_now(link, remedy, login, patience);
}

/// With the turn. Escalates from return value to return value until the token answers.
Result<void> Token::heal_now(const TokenLink& link, Remedy remedy, bool login, Patience& patience) {
  if (away_ && Patience::Clock::now() < next_look_) return Failure(*away_);
  const bool once = away_.has_value();
  Result<void> result;
  for (const auto wait : back_offs) {
    if (wait.count() != 0) {
      if (auto go_on = patience.back_off(wait, action_on(identity_)); !go_on) break;
    }
    result = heal_once(link, remedy, login, patience);
    if (result) {
      away_.reset();
      next_pause_ = first_pause;
      return result;
    }
    const auto needed = remedy_for(result.error());
    const bool not_there = result.error().code == Errc::not_found;
    if (once || (needed == Remedy::none && !not_there)) break;
    remedy = std::max({remedy, needed, Remedy::find_token});
  }
  note_failure(result.error());
  return result;
}

Result<void> Token::heal_once(const TokenLink& link, Remedy remedy, bool login,
                              Patience& patience) {
  open_ = false;
  const auto initialisation = module_.initialisation();
  if (remedy == Remedy::initialise || initialisation == 0) {
    if (auto fine = module_.initialise_again(initialisation, patience); !fine) return fine;
  }
  if (remedy >= Remedy::reopen_session) pool_.drop_dead();
  if (remedy >= Remedy::find_token) {
    if (auto found = find_slot(patience); !found) return found;
  }
  auto session = pool_.take(slot_, patience);
  if (!session) return Failure(session.error());
  if (login) {
    if (auto done = ensure_login(link, *session, patience); !done) return done;
  }
  logged_in_ = login;
  epoch_.fetch_add(1);
  open_ = true;
  return {};
}

Result<void> Token::ensure_login(const TokenLink& link, BorrowedSession& session,
                                 Patience& patience) {
  auto known = pin_.lock();
  if ((flags_ & CKF_LOGIN_REQUIRED) != 0 && !logged_in(*session)) {
    if (known == nullptr) known = link.accepted_pin();
    auto accepted = log_in(*session, slot_, link, std::move(known), turn_, patience);
    if (!accepted) {
      session.after(remedy_for(accepted.error()));
      return Failure(accepted.error());
    }
    known = std::move(*accepted);
    pin_ = known;
  }
  link.keep_pin(std::move(known));
  return {};
}

/// Operations that follow fail at once until the next look, which one of them takes.
void Token::note_failure(const Error& error) {
  if (is_about_pin(error)) {
    pin_failure_ = error;
    pin_failures_.fetch_add(1);
    return;
  }
  if (error.code != Errc::unavailable && error.code != Errc::not_found) return;
  if (away_) {
    next_pause_ = std::min<Patience::Clock::duration>(next_pause_ * 2, longest_pause);
  } else {
    next_pause_ = first_pause;
    log(LogLevel::warning, error.message);
  }
  away_ = error;
  next_look_ = Patience::Clock::now() + next_pause_;
}

Result<void> Token::find_slot(const Patience& patience) {
  std::vector<std::string> seen;
  const bool first = epoch() == 0;
  for (const bool refresh : {!first, true}) {
    auto found = look_at_slots(refresh, seen);
    if (!found) return Failure(found.error());
    if (*found) return {};
    if (refresh) break;
  }
  if (module_.look_for_tokens_again(patience)) {
    auto found = look_at_slots(false, seen);
    if (!found) return Failure(found.error());
    if (*found) return {};
  }
  return Failure(no_such_token(describe(identity_), seen));
}

Result<bool> Token::look_at_slots(bool refresh, std::vector<std::string>& seen) {
  auto tokens = module_.tokens(refresh);
  if (!tokens) return Failure(tokens.error());
  seen.clear();
  for (const auto& token : *tokens) {
    const auto identity = identity_of(token.info);
    if (identity == identity_) {
      take_place(token);
      return true;
    }
    if ((token.info.flags & CKF_TOKEN_INITIALIZED) != 0) seen.push_back(describe(identity));
  }
  return false;
}

void Token::take_place(const SlotToken& token) {
  slot_ = token.slot;
  flags_ = token.info.flags;
}

Result<WritingSession> Token::writing_session() {
  CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
  const auto rv = module_.call_module(function::open_session, slot_.load(),
                                      CK_FLAGS{CKF_SERIAL_SESSION | CKF_RW_SESSION},
                                      static_cast<void*>(nullptr), CK_NOTIFY{nullptr}, &handle);
  if (rv != CKR_OK) {
    return Failure(error_from_rv(rv, "C_OpenSession",
                                 fmt::format("cannot change token '{}'", identity_.label)));
  }
  return WritingSession(new Session(module_, handle, module_.counters().lane(handle)),
                        close_and_delete);
}

Result<std::shared_ptr<const std::vector<CK_MECHANISM_TYPE>>> Token::mechanisms(
    const Patience& patience) {
  const auto action = fmt::format("cannot list the mechanisms of token '{}'", identity_.label);
  auto turn = turn_.take(patience.first_use_deadline(), action);
  if (!turn) return Failure(turn.error());
  if (mechanisms_ != nullptr) return mechanisms_;
  auto list = module_.mechanisms(slot_);
  if (!list) return Failure(list.error());
  mechanisms_ = std::make_shared<const std::vector<CK_MECHANISM_TYPE>>(std::move(*list));
  return mechanisms_;
}

}  // namespace keystore::pkcs11
