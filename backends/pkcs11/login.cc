#include "backends/pkcs11/login.h"

#include <fmt/format.h>

#include "backends/pkcs11/error.h"
#include "backends/pkcs11/token.h"
#include "backends/pkcs11/tree_lock.h"
#include "keystore/log.h"

namespace keystore::pkcs11 {
namespace {

std::string action_on(const TokenLink& link) {
  return fmt::format("cannot log in to token '{}'", link.identity().label);
}

Result<CK_FLAGS> token_flags(Module& module, CK_SLOT_ID slot, const TokenLink& link);
Result<void> check_flags(CK_FLAGS flags, const TokenLink& link, bool person_types);
Result<Secret> ask(const TokenLink& link, CK_FLAGS flags, PinRequest::What what, Turn* turn,
                   Patience& patience);
CK_RV call_login(const Session& session, CK_USER_TYPE user, BytesView pin);
Result<void> try_pin(const Session& session, CK_SLOT_ID slot, CK_USER_TYPE user,
                     const TokenLink& link, BytesView pin, const Patience& patience);
Error refused(CK_RV rv, Module& module, CK_SLOT_ID slot, const TokenLink& link);

}  // namespace

Result<std::shared_ptr<const AcceptedPin>> log_in(const Session& session, CK_SLOT_ID slot,
                                                  const TokenLink& link,
                                                  std::shared_ptr<const AcceptedPin> known,
                                                  Turn& turn, Patience& patience) {
  const auto flags = token_flags(session.module(), slot, link);
  if (!flags) return Failure(flags.error());
  if ((*flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) {
    const auto rv = call_login(session, CKU_USER, {});
    if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) return nullptr;
    return Failure(error_from_rv(rv, "C_Login", action_on(link)));
  }
  if (known != nullptr) {
    if (auto fine = check_flags(*flags, link, false); !fine) return Failure(fine.error());
    auto done = try_pin(session, slot, CKU_USER, link, known->pin.view(), patience);
    if (done) return known;
    if (done.error().code != Errc::pin_incorrect) return Failure(done.error());
    // It was changed meanwhile: the source may have the new one.
  }
  if (auto fine = check_flags(*flags, link, link.person_types()); !fine) {
    return Failure(fine.error());
  }
  auto pin = ask(link, *flags, PinRequest::What::token_pin, &turn, patience);
  if (!pin) return Failure(pin.error());
  auto done = try_pin(session, slot, CKU_USER, link, pin->view(), patience);
  if (!done) return Failure(done.error());
  auto accepted = std::make_shared<AcceptedPin>();
  accepted->pin = std::move(*pin);
  return accepted;
}

Result<void> log_in_for_operation(const Session& session, const TokenLink& link,
                                  Patience& patience) {
  if ((link.token().flags() & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) {
    const auto rv = call_login(session, CKU_CONTEXT_SPECIFIC, {});
    if (rv == CKR_OK) return {};
    return Failure(error_from_rv(rv, "C_Login", action_on(link)));
  }
  const auto slot = CK_SLOT_ID{CK_UNAVAILABLE_INFORMATION};
  if (const auto known = link.accepted_pin()) {
    const auto rv = call_login(session, CKU_CONTEXT_SPECIFIC, known->pin.view());
    if (rv == CKR_OK) return {};
    if (rv != CKR_PIN_INCORRECT) return Failure(error_from_rv(rv, "C_Login", action_on(link)));
    auto tree = TreeLock::take(patience.first_use_deadline(), action_on(link));
    if (tree) remember_refused(link.identity().key(), known->pin.view());
    return Failure(refused(rv, session.module(), slot, link));
  }
  auto pin = ask(link, 0, PinRequest::What::context_pin, nullptr, patience);
  if (!pin) return Failure(pin.error());
  return try_pin(session, slot, CKU_CONTEXT_SPECIFIC, link, pin->view(), patience);
}

namespace {

Result<CK_FLAGS> token_flags(Module& module, CK_SLOT_ID slot, const TokenLink& link) {
  CK_TOKEN_INFO info = {};
  const auto rv = module.call_module(function::get_token_info, slot, &info);
  if (rv != CKR_OK) return Failure(error_from_rv(rv, "C_GetTokenInfo", action_on(link)));
  return info.flags;
}

Result<void> check_flags(CK_FLAGS flags, const TokenLink& link, bool person_types) {
  if ((flags & CKF_USER_PIN_LOCKED) != 0) {
    return Failure(error_from_rv(CKR_PIN_LOCKED, "C_GetTokenInfo", action_on(link)));
  }
  if ((flags & CKF_USER_PIN_FINAL_TRY) != 0 && !person_types) {
    return fail(
        Errc::pin_locked,
        fmt::format("{}: only the last try is left, and that is kept for a person",
                    action_on(link)),
        "type the PIN once by hand, for example with `--pin prompt`; a good one resets the count");
  }
  return {};
}

Result<Secret> ask(const TokenLink& link, CK_FLAGS flags, PinRequest::What what, Turn* turn,
                   Patience& patience) {
  const PinRequest request = {.what = what,
                              .object = link.identity().label,
                              .final_try = (flags & CKF_USER_PIN_FINAL_TRY) != 0};
  const auto start = Patience::Clock::now();
  if (turn != nullptr) turn->set_asking(true);
  auto pin = read_pin(link.uri(), link.options(), request);
  if (turn != nullptr) turn->set_asking(false);
  patience.add(Patience::Clock::now() - start);
  return pin;
}

CK_RV call_login(const Session& session, CK_USER_TYPE user, BytesView pin) {
  // C_Login only reads the PIN; the type of its parameter is older than const.
  auto* text = const_cast<CK_UTF8CHAR*>(pin.data());
  return session.call(function::login, user, text, Masked{pin.size()});
}

Result<void> try_pin(const Session& session, CK_SLOT_ID slot, CK_USER_TYPE user,
                     const TokenLink& link, BytesView pin, const Patience& patience) {
  auto tree = TreeLock::take(patience.first_use_deadline(), action_on(link));
  if (!tree) return Failure(tree.error());
  const auto token = link.identity().key();
  if (was_refused(token, pin)) {
    return fail(
        Errc::pin_incorrect,
        fmt::format("{}: this PIN was refused before and is not tried again", action_on(link)),
        "correct the PIN source; the token still counts the earlier try");
  }
  const auto rv = call_login(session, user, pin);
  if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) return {};
  const auto error = refused(rv, session.module(), slot, link);
  if (error.code == Errc::pin_incorrect) remember_refused(token, pin);
  return Failure(error);
}

Error refused(CK_RV rv, Module& module, CK_SLOT_ID slot, const TokenLink& link) {
  auto error = error_from_rv(rv, "C_Login", action_on(link));
  if (error.code != Errc::pin_incorrect) return error;
  error.hint = "check the PIN and its source";
  CK_TOKEN_INFO info = {};
  if (slot == CK_UNAVAILABLE_INFORMATION ||
      module.call_module(function::get_token_info, slot, &info) != CKR_OK) {
    return error;
  }
  if ((info.flags & CKF_USER_PIN_LOCKED) != 0) {
    error.hint = "the token is locked now; the security officer can unblock it";
  } else if ((info.flags & CKF_USER_PIN_FINAL_TRY) != 0) {
    error.hint = "one more wrong PIN locks the token";
  }
  return error;
}

}  // namespace
}  // namespace keystore::pkcs11
