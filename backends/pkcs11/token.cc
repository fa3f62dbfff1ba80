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

std::string action_on(const TokenIdentity& identity) {
  return fmt::format("cannot open token '{}'", identity.label);
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
  if (done()) {
    if (!login || !link.states_pin()) return {};
    const auto turn = turn_.take(patience.deadline(), action_on(identity_));
    return turn ? compare_pin(link, patience) : Result<void>(Failure(turn.error()));
  }
  if (auto away = outage_.reason()) return Failure(std::move(*away));
  const auto failures = pin_failures_.load();
  if (epoch() != 0) patience.end_first_use();
  auto turn = turn_.take(patience.first_use_deadline(), action_on(identity_));
  if (!turn) return Failure(turn.error());
  if (!done()) {
    if (auto away = outage_.reason()) return Failure(std::move(*away));
    // The person who gave no good PIN while we waited would only be asked again.
    const bool person = link.person_types() || (flags_ & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
    if (login && person && pin_failures_.load() != failures) return Failure(*pin_failure_);
    const bool unknown = slot_.load() == CK_UNAVAILABLE_INFORMATION;
    auto opened = heal_now(link, unknown ? Remedy::find_token : Remedy::log_in, login, patience);
    if (!opened) return opened;
  } else if (login) {
    if (auto same = compare_pin(link, patience); !same) return same;
  }
  link.keep_pin(pin_.lock());
  return {};
}

Result<void> Token::heal(const TokenLink& link, std::uint64_t seen, Remedy remedy,
                         Patience& patience) {
  if (auto away = outage_.reason()) return Failure(std::move(*away));
  if (epoch() != seen) return {};
  patience.end_first_use();
  auto turn = turn_.take(patience.deadline(), action_on(identity_));
  if (!turn) return Failure(turn.error());
  if (epoch() != seen) return {};
  const bool login = logged_in_.exchange(false);
  return heal_now(link, remedy, login, patience);
}

/// With the turn. Escalates from return value to return value until the token answers.
Result<void> Token::heal_now(const TokenLink& link, Remedy remedy, bool login, Patience& patience) {
  Result<void> result;
  for (const auto wait : back_offs) {
    if (wait.count() != 0) {
      if (auto go_on = patience.back_off(wait, action_on(identity_)); !go_on) break;
    }
    result = heal_once(link, remedy, login, patience);
    if (result) {
      if (outage_.end()) {
        log(LogLevel::info, fmt::format("token '{}' works again", identity_.label));
      }
      return result;
    }
    const auto needed = remedy_for(result.error());
    const bool not_there = result.error().code == Errc::not_found;
    if (needed == Remedy::none && !not_there) break;
    remedy = std::max({remedy, needed, Remedy::find_token});
  }
  note_failure(result.error());
  return result;
}

Result<void> Token::heal_once(const TokenLink& link, Remedy remedy, bool login,
                              Patience& patience) {
  auto session = reach(remedy, patience);
  if (!session) return Failure(session.error());
  if (login) {
    if (auto done = ensure_login(link, *session, patience); !done) return done;
  }
  settle(login);
  return {};
}

/// A session on the token, wherever it is now.
Result<BorrowedSession> Token::reach(Remedy remedy, const Patience& patience) {
  open_ = false;
  if (remedy == Remedy::initialise || module_.initialisation() == 0) {
    auto fine = module_.initialise_again(initialisation_, patience);
    if (!fine) return Failure(fine.error());
  }
  if (remedy == Remedy::find_token && epoch() != 0) {
    // The others come back with their sessions, because nothing of this token works.
    if (module_.quirks().connects_at_initialise) pool_.close_idle();
    module_.connect_again(patience);
  }
  initialisation_ = module_.initialisation();
  if (remedy >= Remedy::reopen_session) pool_.drop_dead();
  if (remedy >= Remedy::find_token) {
    if (auto found = find_slot(patience); !found) return Failure(found.error());
  }
  return pool_.take(slot_, patience);
}

void Token::settle(bool login) {
  logged_in_ = login;
  epoch_.fetch_add(1);
  open_ = true;
}

/// For the thread that looks during an outage. The login is left to the next operation, which
/// knows the PIN and whom to ask.
bool Token::look_again() noexcept {
  try {
    Patience patience;
    patience.end_first_use();
    const auto turn = turn_.take(patience.deadline(), action_on(identity_));
    if (!turn) return false;
    logged_in_ = false;
    const auto session = reach(Remedy::find_token, patience);
    if (session) settle(false);
    return session.has_value();
  } catch (...) {
    return false;
  }
}

/// With the turn. A token that is open takes every PIN: a wrong one that the caller wrote down
/// would pass for good.
Result<void> Token::compare_pin(const TokenLink& link, const Patience& patience) const {
  const auto stated = link.stated_pin();
  if (!stated) return {};
  auto same = check_same_pin(link, accepted_pin_, stated->view(), patience);
  if (same) link.stated_pin_agrees();
  return same;
}

Result<void> Token::ensure_login(const TokenLink& link, BorrowedSession& session,
                                 Patience& patience) {
  auto known = pin_.lock();
  if ((flags_ & CKF_LOGIN_REQUIRED) != 0 && !logged_in(*session)) {
    if (known == nullptr || known->forgotten()) known = link.known_pin();
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

void Token::note_failure(const Error& error) {
  if (is_about_pin(error)) {
    pin_failure_ = error;
    pin_failures_.fetch_add(1);
    return;
  }
  if (error.code != Errc::unavailable && error.code != Errc::not_found) return;
  outage_.begin(error);
  // Whoever comes now sees the outage before it makes a call.
  epoch_.fetch_add(1);
}

Result<void> Token::find_slot(const Patience& patience) {
  std::vector<std::string> seen;
  const bool first = epoch() == 0;
  const auto until = patience.first_use_deadline();
  for (const bool refresh : {!first, true}) {
    auto found = look_at_slots(refresh, until, seen);
    if (!found) return Failure(found.error());
    if (*found) return {};
    if (refresh) break;
  }
  if (module_.look_for_tokens_again(patience)) {
    auto found = look_at_slots(false, until, seen);
    if (!found) return Failure(found.error());
    if (*found) return {};
  }
  return Failure(no_such_token(describe(identity_), seen));
}

Result<bool> Token::look_at_slots(bool refresh, Patience::Clock::time_point until,
                                  std::vector<std::string>& seen) {
  auto tokens = module_.tokens(refresh, until);
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

Result<std::shared_ptr<const MechanismTable>> Token::mechanisms(const Patience& patience) {
  const auto action = fmt::format("cannot list the mechanisms of token '{}'", identity_.label);
  auto turn = turn_.take(patience.first_use_deadline(), action);
  if (!turn) return Failure(turn.error());
  if (mechanisms_ != nullptr) return mechanisms_;
  auto list = module_.mechanisms(slot_);
  if (!list) return Failure(list.error());
  // A token is never destroyed, and its table is not used in other processes.
  mechanisms_ = std::make_shared<const MechanismTable>(
      std::move(*list),
      [this](CK_MECHANISM_TYPE mechanism) { return module_.mechanism_info(slot_, mechanism); });
  return mechanisms_;
}

}  // namespace keystore::pkcs11
