#include "backends/pkcs11/key.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/pkcs11/entry.h"
#include "backends/pkcs11/error.h"
#include "backends/pkcs11/login.h"
#include "backends/pkcs11/private_parts.h"
#include "backends/pkcs11/public_half.h"
#include "backends/pkcs11/rsa_padding.h"
#include "backends/pkcs11/signing_way.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/internal/public_key_parsed.h"
#include "keystore/log.h"

namespace keystore::pkcs11 {
namespace {

constexpr int most_tries = 5;

/// The secret that C_DeriveKey made, which is an object of the session for a moment.
CK_RV read_derived(const Session& session, CK_OBJECT_HANDLE object, Secret& out, CK_ULONG& size);

}  // namespace

TokenKey::TokenKey(std::shared_ptr<const TokenLink> link, Entry entry, Abilities abilities,
                   bool always_authenticate)
    : link_(std::move(link)),
      entry_(std::move(entry)),
      shape_(entry_.shape.value_or(KeyShape{})),
      abilities_(std::move(abilities)),
      schemes_(schemes_on(shape_, abilities_)),
      each_use_(always_authenticate ? EachUse::declared : EachUse::no) {}

TokenKey::~TokenKey() { const std::unique_ptr<KeyPlace> all(place_.load()); }

bool TokenKey::can_sign(const SignSpec& spec) const {
  return find_signing_way(spec, shape_, abilities_).has_value();
}

Result<Reply> TokenKey::run(const Request& request, const CallLimits& limits) const {
  if (const auto* sign_request = std::get_if<SignRequest>(&request)) {
    return sign(*sign_request, limits);
  }
  if (const auto* decrypt_request = std::get_if<DecryptRequest>(&request)) {
    return decrypt(*decrypt_request, limits);
  }
  return derive(std::get<DeriveRequest>(request), limits);
}

Result<Secret> TokenKey::export_pkcs8() const {
  if (!entry_.extractable) {
    return fail(
        Errc::access_denied,
        fmt::format("key '{}' may not leave token '{}'", entry_.label, link_->identity().label),
        "keystore ref writes a reference that stands for it; type=cert in the URI names its "
        "certificate alone");
  }
  std::optional<Result<Secret>> exported;
  const auto attempt = [&](const Session& session, CK_OBJECT_HANDLE handle) -> Outcome {
    CK_RV rv = CKR_OK;
    exported = read_private_key(session, handle, shape_, entry_.public_key, action("export"), rv);
    return {rv, "C_GetAttributeValue"};
  };
  if (auto done = carry_out("export", {}, attempt); !done) return Failure(done.error());
  return std::move(*exported);
}

Result<Reply> TokenKey::sign(const SignRequest& request, const CallLimits& limits) const {
  auto plan = plan_signature(request.spec, request.input, shape_, abilities_);
  if (!plan) return Failure(explained("sign with", plan.error()));
  Bytes signature(plan->output_size);
  const auto attempt = [&](const Session& session, CK_OBJECT_HANDLE handle) -> Outcome {
    if (auto started = start(session, function::sign_init, *plan, handle, limits);
        started.rv != CKR_OK || started.error) {
      return started;
    }
    CK_ULONG size = signature.size();
    const auto input = plan->input();
    const auto rv = session.call(function::sign, const_cast<CK_BYTE*>(input.data()),
                                 CK_ULONG{input.size()}, signature.data(), &size);
    if (rv != CKR_OK) return {.rv = rv, .call = "C_Sign", .in_operation = true};
    if (!plan->can_give(size)) {
      return nonsense("C_Sign", "sign with", fmt::format("a signature of {} octets", size));
    }
    signature.resize(size);
    return {};
  };
  if (auto done = carry_out("sign with", limits, attempt); !done) return Failure(done.error());
  if (plan->raw_ecdsa) return ecdsa_as_der(signature);
  return signature;
}

Result<Reply> TokenKey::decrypt(const DecryptRequest& request, const CallLimits& limits) const {
  auto planned = plan_decryption(request.spec, request.ciphertext, shape_, abilities_);
  if (!planned) return Failure(explained("decrypt with", planned.error()));
  auto& plan = planned->plan;
  Secret plaintext(plan.output_size);
  const auto attempt = [&](const Session& session, CK_OBJECT_HANDLE handle) -> Outcome {
    if (auto started = start(session, function::decrypt_init, plan, handle, limits);
        started.rv != CKR_OK || started.error) {
      return started;
    }
    CK_ULONG size = plaintext.size();
    const auto input = plan.input();
    auto rv = session.call(function::decrypt, const_cast<CK_BYTE*>(input.data()),
                           CK_ULONG{input.size()}, plaintext.writable().data(), &size);
    if (rv == CKR_OK && size > plaintext.size()) {
      return nonsense("C_Decrypt", "decrypt with", fmt::format("{} octets", size));
    }
    if (rv == CKR_OK) plaintext.shrink(size);
    if (rv != CKR_OK && abilities_.quirks.failed_decrypt_stays_open) {
      CK_ULONG rest = plaintext.size();
      session.call(function::decrypt_final, plaintext.writable().data(), &rest);
    }
    if (rv == CKR_GENERAL_ERROR && abilities_.quirks.general_error_is_bad_ciphertext) {
      rv = CKR_ENCRYPTED_DATA_INVALID;
    }
    // Anybody can send what does not decrypt: that shall not cost a session each time.
    const bool answered = rv == CKR_OK || (row_of(rv).code == Errc::malformed &&
                                           rv != CKR_BUFFER_TOO_SMALL);  // does not end it
    return {.rv = rv, .call = "C_Decrypt", .in_operation = !answered};
  };
  if (auto done = carry_out("decrypt with", limits, attempt); !done) return Failure(done.error());
  if (!planned->oaep_in_software) return plaintext;
  auto unpadded = unpad_oaep(request.spec, plaintext.view(), plan.output_size);
  if (!unpadded) return Failure(explained("decrypt with", unpadded.error()));
  return std::move(*unpadded);
}

Result<Reply> TokenKey::derive(const DeriveRequest& request, const CallLimits& limits) const {
  const auto& peer = request.peer.shape();
  if (peer.type != shape_.type || peer.curve != shape_.curve) {
    return fail(Errc::invalid_argument,
                fmt::format("{}: the peer's key is on another curve", action("derive with")));
  }
  if (!abilities_.mechanisms.does(CKM_ECDH1_DERIVE, CKF_DERIVE, shape_)) {
    return fail(Errc::unsupported,
                fmt::format("{}: {} for it", action("derive with"), abilities_.no_mechanism()));
  }
  auto point = public_octets(pkey_of(request.peer));
  CK_ECDH1_DERIVE_PARAMS parameters = {};
  parameters.kdf = CKD_NULL;
  parameters.ulPublicDataLen = point.size();
  parameters.pPublicData = point.data();
  CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameters, sizeof parameters};
  Secret shared((shape_.bits + 7) / 8);
  const auto attempt = [&](const Session& session, CK_OBJECT_HANDLE handle) -> Outcome {
    Template wanted;
    wanted.number(CKA_CLASS, CKO_SECRET_KEY).number(CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    wanted.flag(CKA_TOKEN, false).flag(CKA_SENSITIVE, false).flag(CKA_EXTRACTABLE, true);
    wanted.number(CKA_VALUE_LEN, shared.size());
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    const auto rv =
        session.call(function::derive_key, &mechanism, handle, wanted.data(), wanted.size(), &made);
    if (rv != CKR_OK) return {rv, "C_DeriveKey"};
    CK_ULONG size = 0;
    const auto read = read_derived(session, made, shared, size);
    if (read == CKR_OK && size != shared.size()) {
      return nonsense("C_GetAttributeValue", "derive with",
                      fmt::format("a secret of {} octets", size));
    }
    return {read, "C_GetAttributeValue"};
  };
  if (auto done = carry_out("derive with", limits, attempt); !done) return Failure(done.error());
  return shared;
}

void TokenKey::found_at(std::uint64_t epoch, CK_OBJECT_HANDLE object) const {
  place_here().found_at(epoch, object);
}

/// The hot path: is the place still good, an idle session, the attempt.
template <class Attempt>
Result<void> TokenKey::carry_out(std::string_view verb, const CallLimits& limits,
                                 const Attempt& attempt) const {
  auto* place = place_in(ProcessState::current().generation());
  if (place == nullptr || limits.stop.stop_requested()) {
    return carry_out_slowly(verb, limits, {}, attempt);
  }
  const auto handle = place->handle();
  if (!handle) return carry_out_slowly(verb, limits, {}, attempt);
  auto session = place->token().idle_session();
  if (!session) return carry_out_slowly(verb, limits, {}, attempt);
  const auto outcome = attempt(**session, *handle);
  if (outcome.error) {
    session->close();
    return Failure(*outcome.error);
  }
  if (outcome.rv == CKR_OK) [[likely]]
    return {};
  const auto remedy = remedy_after(outcome, *place, **session, *handle);
  session->after(outcome.in_operation ? std::max(remedy, Remedy::replace_session) : remedy);
  session.reset();
  if (remedy == Remedy::none) {
    return Failure(error_from_rv(outcome.rv, outcome.call, action(verb)));
  }
  return carry_out_slowly(verb, limits, {remedy, *handle}, attempt);
}

template <class Attempt>
Result<void> TokenKey::carry_out_slowly(std::string_view verb, const CallLimits& limits,
                                        Setback setback, const Attempt& attempt) const {
  Patience patience(limits);
  auto& place = place_here();
  auto& token = place.token();
  Outcome outcome;
  Outcome worst;  // what is told: the others may be its consequences
  for (int tries = 0; tries < most_tries; ++tries) {
    if (auto go_on = patience.check(action(verb)); !go_on) return go_on;
    const auto seen = place.epoch();
    if (setback.remedy == Remedy::find_object || setback.remedy == Remedy::replace_session) {
      place.lost(setback.handle);
    } else if (setback.remedy != Remedy::none) {
      if (auto healed = token.heal(*link_, seen, setback.remedy, patience); !healed) return healed;
    }
    const auto handle = place.locate(patience);
    if (!handle) return Failure(handle.error());
    auto session = token.session(patience);
    if (!session) {
      outcome = {session.error().cause.value_or(Cause{}).code, "C_OpenSession"};
      setback = {remedy_for(outcome.rv), *handle};
      if (setback.remedy == Remedy::none) return Failure(session.error());
      if (setback.remedy > remedy_for(worst.rv)) worst = outcome;
      continue;
    }
    outcome = attempt(**session, *handle);
    if (outcome.error) {
      session->close();
      return Failure(*outcome.error);
    }
    if (outcome.rv == CKR_OK) return {};
    setback = {remedy_after(outcome, place, **session, *handle), *handle};
    session->after(outcome.in_operation ? std::max(setback.remedy, Remedy::replace_session)
                                        : setback.remedy);
    if (setback.remedy == Remedy::none) {
      worst = outcome;
      break;
    }
    if (setback.remedy > remedy_for(worst.rv)) worst = outcome;
  }
  return Failure(error_from_rv(worst.rv, worst.call, action(verb)));
}

KeyPlace* TokenKey::place_in(std::uint64_t generation) const noexcept {
  auto* place = place_.load(std::memory_order_acquire);
  return place != nullptr && place->generation() == generation ? place : nullptr;
}

KeyPlace& TokenKey::place_here() const {
  const auto generation = ProcessState::current().generation();
  auto* seen = place_.load();
  for (;;) {
    if (seen != nullptr && seen->generation() == generation) return *seen;
    auto fresh = std::make_unique<KeyPlace>(generation, *link_, entry_);
    fresh->of_parent.reset(seen);
    if (place_.compare_exchange_strong(seen, fresh.get())) return *fresh.release();
    static_cast<void>(fresh->of_parent.release());
  }
}

TokenKey::Outcome TokenKey::start(const Session& session, const Function<CK_C_SignInit>& init,
                                  Plan& plan, CK_OBJECT_HANDLE handle,
                                  const CallLimits& limits) const {
  auto mechanism = plan.as_mechanism();
  const auto rv = session.call(init, &mechanism, handle);
  if (rv != CKR_OK) return {rv, init.name};
  if (each_use_.load(std::memory_order_relaxed) == EachUse::no) [[likely]]
    return {};
  return log_in_for_use(session, limits);
}

TokenKey::Outcome TokenKey::log_in_for_use(const Session& session, const CallLimits& limits) const {
  Patience patience(limits);
  const auto done = log_in_for_operation(session, *link_, patience);
  if (done) return {};
  const auto rv = done.error().cause.value_or(Cause{}).code;
  auto noticed = EachUse::noticed;
  if (rv == CKR_OPERATION_NOT_INITIALIZED &&
      each_use_.compare_exchange_strong(noticed, EachUse::no)) {
    return {};  // not wanted after all
  }
  if (remedy_for(done.error()) != Remedy::none) return {rv, "C_Login"};
  return {CKR_OK, "C_Login", done.error()};
}

/// A key that wants a login for each use may not say so: then the use is refused though the user is
/// logged in, once.
Remedy TokenKey::remedy_after(const Outcome& outcome, const KeyPlace& place, const Session& session,
                              CK_OBJECT_HANDLE handle) const {
  const std::string_view call = outcome.call;
  if (outcome.rv == CKR_USER_NOT_LOGGED_IN && (call == "C_Sign" || call == "C_Decrypt") &&
      logged_in(session)) {
    auto no = EachUse::no;
    if (each_use_.compare_exchange_strong(no, EachUse::noticed)) return Remedy::replace_session;
  }
  return place.remedy_after(outcome.rv, handle);
}

TokenKey::Outcome TokenKey::nonsense(const char* call, std::string_view verb,
                                     std::string_view what) const {
  return {CKR_OK, call, error_from_nonsense(call, action(verb), what)};
}

std::string TokenKey::action(std::string_view verb) const {
  return fmt::format("cannot {} key '{}' on token '{}'", verb, entry_.label,
                     link_->identity().label);
}

Error TokenKey::explained(std::string_view verb, Error reason) const {
  reason.message = fmt::format("{}: {}", action(verb), reason.message);
  return reason;
}

std::shared_ptr<const KeyBackend> make_key(std::shared_ptr<const TokenLink> link,
                                           const Uri& token_uri, const Object& object,
                                           std::optional<PublicKey> half,
                                           const MechanismTable& mechanisms, std::uint64_t epoch) {
  const auto& token = link->token();
  auto entry = make_entry(token_uri, object, std::move(half));
  const auto type = entry.shape ? entry.shape->type : KeyType::other;
  Abilities abilities{mechanisms.for_keys(type), token.quirks()};
  if (const auto allowed = object.mechanisms(CKA_ALLOWED_MECHANISMS)) {
    abilities.mechanisms = abilities.mechanisms.only(*allowed);
    abilities.restricted = true;
  }
  auto key =
      std::make_shared<const TokenKey>(std::move(link), std::move(entry), std::move(abilities),
                                       object.flag(CKA_ALWAYS_AUTHENTICATE).value_or(false));
  key->found_at(epoch, object.handle);
  return key;
}

namespace {

CK_RV read_derived(const Session& session, CK_OBJECT_HANDLE object, Secret& out, CK_ULONG& size) {
  CK_ATTRIBUTE value = {CKA_VALUE, out.writable().data(), out.size()};
  const auto rv = session.call(function::get_attribute_value, object, &value, CK_ULONG{1});
  size = value.ulValueLen;
  session.call(function::destroy_object, object);
  return rv;
}

}  // namespace
}  // namespace keystore::pkcs11
