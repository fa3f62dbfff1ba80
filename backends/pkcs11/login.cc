#include "backends/pkcs11/login.h"

#include <fmt/format.h>

#include "backends/pkcs11/error.h"
#include "backends/pkcs11/rv_table.h"
#include "backends/pkcs11/token.h"
#include "backends/pkcs11/tree_lock.h"
#include "keystore/log.h"

namespace keystore::pkcs11 {
namespace {

Failure not_tried_again(const std::string& action);

struct Login {
  const Session& session;
  CK_SLOT_ID slot;
  CK_USER_TYPE user;
  const TokenLink& link;
  Patience& patience;

  bool for_operation() const { return user == CKU_CONTEXT_SPECIFIC; }
  std::string action() const {
    return fmt::format("cannot log in to token '{}'", link.identity().label);
  }
};

bool at_keypad(const TokenLink& link);
Result<void> log_in_at_keypad(const Login& login, Turn& turn);
/// `known` may be null. The PIN that did it, or null.
Result<std::shared_ptr<const HeldPin>> log_in_with_pin(const Login& login,
                                                       std::shared_ptr<const HeldPin> known,
                                                       Turn& turn);
/// Not set: the PIN was forgotten meanwhile.
std::optional<Result<void>> try_pin(const Login& login, const HeldPin& pin, bool typed);
Result<void> check_not_refused(const Login& login, BytesView pin);
Error no_other_pin(const Login& login, const Error& unreadable);
bool is_refusal(CK_RV rv);
Result<Secret> ask(const Login& login, Turn& turn);
/// Keeps or forgets it, as the policy says. Null: forgotten, or not proven.
std::shared_ptr<const HeldPin> settle(const Login& login, std::shared_ptr<const HeldPin> pin);
Result<CK_FLAGS> token_flags(const Login& login);
Result<void> check_locked(const Login& login, CK_FLAGS flags);
/// Unless they forbid to try.
Result<CK_FLAGS> usable_flags(const Login& login, bool typed);
void warn_of_wrong_pins(const Login& login, CK_FLAGS flags);
CK_RV call_login(const Login& login, BytesView pin);
Error login_error(const Login& login, CK_RV rv);

}  // namespace

Result<std::shared_ptr<const HeldPin>> log_in(const Session& session, CK_SLOT_ID slot,
                                              const TokenLink& link,
                                              std::shared_ptr<const HeldPin> known, Turn& turn,
                                              Patience& patience) {
  const Login login{session, slot, CKU_USER, link, patience};
  if (!at_keypad(link)) return log_in_with_pin(login, std::move(known), turn);
  if (auto done = log_in_at_keypad(login, turn); !done) return Failure(done.error());
  return nullptr;
}

Result<void> log_in_for_operation(const Session& session, const TokenLink& link,
                                  Patience& patience) {
  auto& token = link.token();
  const Login login{session, token.slot(), CKU_CONTEXT_SPECIFIC, link, patience};
  const bool keypad = at_keypad(link);
  if (const auto known = keypad ? nullptr : link.known_pin()) {
    const auto done = try_pin(login, *known, false);
    if (done && (*done || done->error().code != Errc::pin_incorrect)) return *done;
  }
  auto turn = token.turn().take(patience.deadline(), login.action());
  if (!turn) return Failure(turn.error());
  if (keypad) return log_in_at_keypad(login, token.turn());
  auto done = log_in_with_pin(login, link.known_pin(), token.turn());
  if (!done) return Failure(done.error());
  return {};
}

Result<void> check_same_pin(const TokenLink& link, const std::optional<PinFingerprint>& accepted,
                            BytesView stated, const Patience& patience) {
  const auto action = fmt::format("cannot log in to token '{}'", link.identity().label);
  const auto tree = TreeLock::take(patience.deadline(), action);
  if (!tree) return Failure(tree.error());
  const auto token = link.identity().key();
  if (accepted == fingerprint_of(token, stated)) return {};
  if (was_refused(token, stated)) return not_tried_again(action);
  if (!accepted) return {};
  return fail(Errc::pin_incorrect, action + ": this process is logged in with another PIN",
              "correct the PIN; if the token's was changed to this one since, restart the program");
}

namespace {

bool at_keypad(const TokenLink& link) {
  return (link.token().flags() & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
}

Result<void> log_in_at_keypad(const Login& login, Turn& turn) {
  const auto flags = token_flags(login);
  if (!flags) return Failure(flags.error());
  if (auto fine = check_locked(login, *flags); !fine) return fine;
  warn_of_wrong_pins(login, *flags);
  log(LogLevel::info,
      fmt::format("token '{}' asks for its PIN at its own keypad", login.link.identity().label));
  const auto start = Patience::Clock::now();
  turn.set_asking(true);
  const auto rv = call_login(login, {});
  turn.set_asking(false);
  login.patience.add(Patience::Clock::now() - start);
  if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) return {};
  return Failure(login_error(login, rv));
}

Result<std::shared_ptr<const HeldPin>> log_in_with_pin(const Login& login,
                                                       std::shared_ptr<const HeldPin> known,
                                                       Turn& turn) {
  std::optional<Error> refusal;
  if (known != nullptr) {
    if (const auto done = try_pin(login, *known, false)) {
      if (*done) return settle(login, std::move(known));
      if (done->error().code != Errc::pin_incorrect) return Failure(done->error());
      // It was changed meanwhile: the source may have the new one.
      refusal = done->error();
    }
  }
  auto pin = ask(login, turn);
  if (!pin && login.link.pin_was_refused() && !refusal) refusal = no_other_pin(login, pin.error());
  if (!pin) return Failure(refusal ? *refusal : pin.error());
  auto read = std::make_shared<const HeldPin>(std::move(*pin));
  const auto done = *try_pin(login, *read, login.link.person_types());
  if (done) return settle(login, std::move(read));
  // Not judged, the token being away: nobody is asked again for the next try.
  if (!read->forgotten()) login.link.keep_pin(std::move(read));
  return Failure(done.error());
}

/// The token's flags are read and the PIN is tried under the lock of the tree, so that no other
/// process of it comes between. For a PIN that opened the token before, an operation does not look
/// at the flags: that would be a call more with each.
std::optional<Result<void>> try_pin(const Login& login, const HeldPin& pin, bool typed) {
  const auto until =
      login.for_operation() ? login.patience.deadline() : login.patience.first_use_deadline();
  const auto tree = TreeLock::take(until, login.action());
  if (!tree) return Failure(tree.error());
  CK_FLAGS flags = 0;
  if (!login.for_operation() || !pin.accepted()) {
    const auto now = usable_flags(login, typed);
    if (!now) return Failure(now.error());
    flags = *now;
  }
  const auto rv = pin.use([&](BytesView octets) -> Result<CK_RV> {
    if (auto fresh = check_not_refused(login, octets); !fresh) return Failure(fresh.error());
    warn_of_wrong_pins(login, flags);
    const auto answer = call_login(login, octets);
    const auto token = login.link.identity().key();
    if (is_refusal(answer)) remember_refused(token, octets);
    if (answer == CKR_OK && !login.for_operation()) {
      login.link.token().note_accepted(fingerprint_of(token, octets));
    }
    return answer;
  });
  if (!rv) return std::nullopt;
  if (!*rv || is_refusal(**rv)) pin.refuse();
  if (!*rv) return Failure(rv->error());
  if (**rv == CKR_OK) pin.accept();
  if (**rv == CKR_OK || **rv == CKR_USER_ALREADY_LOGGED_IN) return Result<void>();
  return Failure(login_error(login, **rv));
}

Result<void> check_not_refused(const Login& login, BytesView pin) {
  if (!was_refused(login.link.identity().key(), pin)) return {};
  return not_tried_again(login.action());
}

Failure not_tried_again(const std::string& action) {
  return fail(Errc::pin_incorrect,
              fmt::format("{}: this PIN was refused before and is not tried again", action),
              "correct the PIN source; if the token's PIN was changed to this one since, restart "
              "the program");
}

/// A server's worker may not read the source: that is no answer to why the PIN is missing.
Error no_other_pin(const Login& login, const Error& unreadable) {
  return {Errc::pin_incorrect,
          fmt::format("{}: the PIN was refused, and another one is not to be had ({})",
                      login.action(), unreadable.message),
          {},
          "correct the PIN source and let the program load the key again"};
}

bool is_refusal(CK_RV rv) { return row_of(rv).code == Errc::pin_incorrect; }

Result<Secret> ask(const Login& login, Turn& turn) {
  const auto& link = login.link;
  if (auto own = link.check_whose_pin(); !own) return Failure(own.error());
  auto request = link.request(login.for_operation() ? PinRequest::What::context_pin
                                                    : PinRequest::What::token_pin);
  if (link.person_types()) {
    const auto flags = token_flags(login);
    if (!flags) return Failure(flags.error());
    if (auto fine = check_locked(login, *flags); !fine) return Failure(fine.error());
    request.final_try = (*flags & CKF_USER_PIN_FINAL_TRY) != 0;
  }
  const auto start = Patience::Clock::now();
  turn.set_asking(true);
  auto pin = read_pin(link.uri(), link.options(), request);
  turn.set_asking(false);
  login.patience.add(Patience::Clock::now() - start);
  if (pin || pin.error().code != Errc::pin_required || link.keeps_pin()) return pin;
  auto error = std::move(pin).error();
  error.hint =
      "policy pin_cache is \"none\": give a source that can be read at every login, file: or cred:";
  return Failure(std::move(error));
}

std::shared_ptr<const HeldPin> settle(const Login& login, std::shared_ptr<const HeldPin> pin) {
  if (login.link.keeps_pin()) {
    login.link.keep_pin(pin);
    return pin->accepted() ? pin : nullptr;
  }
  pin->forget();
  if (!login.for_operation() && login.link.origin() != PinOrigin::again) {
    log(LogLevel::warning, fmt::format("the PIN of token '{}' is not kept (policy pin_cache), and "
                                       "its source cannot be read again: a lost login stays lost "
                                       "until the key is loaded again",
                                       login.link.identity().label));
  }
  return nullptr;
}

Result<CK_FLAGS> token_flags(const Login& login) {
  CK_TOKEN_INFO info = {};
  const auto rv = login.session.module().call_module(function::get_token_info, login.slot, &info);
  if (rv != CKR_OK) return Failure(error_from_rv(rv, "C_GetTokenInfo", login.action()));
  return info.flags;
}

Result<void> check_locked(const Login& login, CK_FLAGS flags) {
  if ((flags & CKF_USER_PIN_LOCKED) == 0) return {};
  return Failure(error_from_rv(CKR_PIN_LOCKED, "C_GetTokenInfo", login.action()));
}

Result<CK_FLAGS> usable_flags(const Login& login, bool typed) {
  const auto flags = token_flags(login);
  if (!flags) return flags;
  if (auto fine = check_locked(login, *flags); !fine) return Failure(fine.error());
  if ((*flags & CKF_USER_PIN_FINAL_TRY) != 0 && !typed) {
    return fail(
        Errc::pin_locked,
        fmt::format("{}: only the last try is left, and that is kept for a person", login.action()),
        "type the PIN once by hand, for example with `--pin prompt`; a good one resets the count");
  }
  return flags;
}

void warn_of_wrong_pins(const Login& login, CK_FLAGS flags) {
  const auto& label = login.link.identity().label;
  if ((flags & CKF_USER_PIN_FINAL_TRY) != 0) {
    log(LogLevel::warning, fmt::format("token '{}': this is the last try for its PIN", label));
  } else if ((flags & CKF_USER_PIN_COUNT_LOW) != 0) {
    log(LogLevel::warning,
        fmt::format("token '{}': a wrong PIN was tried since the last good one", label));
  }
}

CK_RV call_login(const Login& login, BytesView pin) {
  // C_Login only reads the PIN; the type of its parameter is older than const.
  auto* text = const_cast<CK_UTF8CHAR*>(pin.data());
  return login.session.call(function::login, login.user, text, Masked{pin.size()});
}

Error login_error(const Login& login, CK_RV rv) {
  auto error = error_from_rv(rv, "C_Login", login.action());
  if (error.code != Errc::pin_incorrect) return error;
  error.hint = "check the PIN and its source";
  const auto flags = token_flags(login);
  if (flags && (*flags & CKF_USER_PIN_LOCKED) != 0) {
    error.hint = "the token is locked now; the security officer can unblock it";
  } else if (flags && (*flags & CKF_USER_PIN_FINAL_TRY) != 0) {
    error.hint = "one more wrong PIN locks the token";
  }
  return error;
}

}  // namespace
}  // namespace keystore::pkcs11
