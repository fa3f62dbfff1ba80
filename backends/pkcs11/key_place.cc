#include "backends/pkcs11/key_place.h"

#include <fmt/format.h>

#include "backends/pkcs11/error.h"
#include "backends/pkcs11/object.h"
#include "backends/pkcs11/public_half.h"

namespace keystore::pkcs11 {
namespace {

constexpr int most_tries = 5;
// The login may be lost again between a healing by another thread and our look.
constexpr int most_empty_looks = 3;

}  // namespace

void KeyPlace::found_at(std::uint64_t epoch, CK_OBJECT_HANDLE object) noexcept {
  object_ = object;
  object_epoch_ = epoch;
  if (works_on_a_copy()) return;
  handle_ = object;
  epoch_ = epoch;
}

void KeyPlace::lost(CK_OBJECT_HANDLE handle) noexcept {
  if (handle_ != handle) return;  // another thread knows a newer one
  object_epoch_ = 0;
  epoch_ = 0;
}

// A copy that ends in the middle of a call has no attributes any more, and seems to forbid its use.
Remedy KeyPlace::remedy_after(CK_RV rv, CK_OBJECT_HANDLE handle) const noexcept {
  const bool forbidden = rv == CKR_KEY_FUNCTION_NOT_PERMITTED || rv == CKR_KEY_TYPE_INCONSISTENT;
  return forbidden && handle != object_ ? Remedy::find_object : remedy_for(rv);
}

Result<CK_OBJECT_HANDLE> KeyPlace::locate(Patience& patience) {
  if (const auto known = handle()) return *known;
  int hidden = 0;
  for (int tries = 0; tries < most_tries; ++tries) {
    std::uint64_t epoch = 0;
    const auto found = look(epoch, patience);
    if (found && *found) {
      handle_ = **found;
      epoch_.store(epoch, std::memory_order_release);
      return **found;
    }
    // Nothing found: the login may be lost, which hides the key.
    const auto remedy = found ? Remedy::log_in : remedy_for(found.error());
    if (remedy == Remedy::none) return Failure(found.error());
    if (found && ++hidden == most_empty_looks) break;
    if (!found && tries + 1 == most_tries) return Failure(found.error());
    if (remedy <= Remedy::replace_session) continue;
    if (auto healed = token_.heal(link_, epoch, remedy, patience); !healed) {
      return Failure(healed.error());
    }
  }
  return fail(Errc::not_found, fmt::format("key '{}' is not on token '{}' any more", entry_.label,
                                           link_.identity().label));
}

Result<std::optional<CK_OBJECT_HANDLE>> KeyPlace::look(std::uint64_t& epoch, Patience& patience) {
  if (auto ready = token_.make_ready(link_, true, patience); !ready) return Failure(ready.error());
  epoch = token_.epoch();
  auto session = token_.session(patience);
  if (!session) return Failure(session.error());
  auto found = object(**session, epoch);
  if (!found) session->after(remedy_for(found.error()));
  if (!found || !*found || !works_on_a_copy()) return found;
  return token_.copies().copy_of(**session, **found, epoch);
}

Result<std::optional<CK_OBJECT_HANDLE>> KeyPlace::object(const Session& session,
                                                         std::uint64_t epoch) {
  if (object_epoch_ == epoch) return object_.load();
  if (works_on_a_copy()) token_.copies().drop(session, handle_);
  auto found = search(session);
  if (!found || !*found) return found;
  object_ = **found;
  object_epoch_ = epoch;
  return found;
}

/// The one private key with our id, label and public half.
Result<std::optional<CK_OBJECT_HANDLE>> KeyPlace::search(const Session& session) const {
  auto wanted = Template::on_token(CKO_PRIVATE_KEY);
  if (!entry_.id.empty()) wanted.octets(CKA_ID, entry_.id);
  if (!entry_.label.empty()) wanted.text(CKA_LABEL, entry_.label);
  auto handles = find_objects(session, wanted);
  if (!handles) return Failure(on_token(link_.identity().label, handles.error()));
  if (handles->empty()) return std::nullopt;
  if (!entry_.public_key) return handles->front();
  for (const auto handle : *handles) {
    const auto object = read_object(session, handle, CKO_PRIVATE_KEY);
    if (!object) return Failure(on_token(link_.identity().label, object.error()));
    auto half = find_public_half(session, *object);
    if (!half) return Failure(half.error());
    if (*half == entry_.public_key) return handle;
  }
  return fail(Errc::key_mismatch, fmt::format("another key is in the place of '{}' on token '{}'",
                                              entry_.label, link_.identity().label));
}

bool KeyPlace::works_on_a_copy() const noexcept {
  const auto& quirks = token_.quirks();
  const auto& config = link_.options().config;
  if (quirks.key_file_at_each_use && config && config->openssl.eager) return true;
  return quirks.ec_session_copy && entry_.shape && entry_.shape->type == KeyType::ec;
}

}  // namespace keystore::pkcs11
