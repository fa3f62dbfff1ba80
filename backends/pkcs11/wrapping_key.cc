#include "backends/pkcs11/wrapping_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "backends/pkcs11/entry.h"
#include "backends/pkcs11/error.h"
#include "backends/pkcs11/key_wrap.h"
#include "backends/pkcs11/transport_key.h"

namespace keystore::pkcs11 {
namespace {

constexpr std::size_t wrapped_room = 16384;  ///< octets: more than any RSA key takes

bool is_on(const TokenIdentity& token, const Uri& uri);
AesWrap form_of(WrapMechanism mechanism);
WrapMechanism mechanism_of(AesWrap form);

}  // namespace

Result<WrappingKey> find_wrapping_key(const OpenForWriting& open, const Uri& named,
                                      CK_ATTRIBUTE_TYPE usage) {
  const auto& token = open.linked.link->identity();
  const auto name = named.canonical();
  const auto wanted = Wanted::from(named);
  if (!wanted) return Failure(wanted.error());
  if (named.scheme() != "pkcs11" || !wanted->wants(EntryKind::secret_key)) {
    return fail(Errc::invalid_argument, fmt::format("{} names no secret key on a token", name));
  }
  if (!is_on(token, named)) {
    return fail(Errc::invalid_argument,
                fmt::format("the wrapping key {} is not on token '{}'", name, token.label),
                "a key is wrapped and unwrapped by a key of its own token");
  }
  auto search = wanted->as_template(CKO_SECRET_KEY);
  const auto found = find_objects(*open.session, search);
  if (!found) return Failure(found.error());
  if (found->empty()) {
    return fail(Errc::not_found, fmt::format("no wrapping key {} on token '{}'", name, token.label),
                "make one: keystore new URI --type aes:256 --usage wrap,unwrap");
  }
  if (found->size() > 1) {
    return fail(Errc::ambiguous, fmt::format("{} secret keys are {}", found->size(), name),
                "name one of them by its label or id");
  }
  const auto object = read_object(*open.session, found->front(), CKO_SECRET_KEY);
  if (!object) return Failure(object.error());
  if (!object->flag(usage).value_or(false)) {
    return fail(Errc::access_denied,
                fmt::format("{} may not {} keys", name, usage == CKA_WRAP ? "wrap" : "unwrap"));
  }
  const auto uri = make_entry(open.linked.uri, *object, {}).uri;
  return WrappingKey{
      found->front(),
      uri.without_query_attribute("module-path").without_query_attribute("module-name"),
      object->text(CKA_LABEL), object->flag(CKA_TRUSTED).value_or(false)};
}

Result<Wrapped> wrap_with(const Session& session, const TokenAbilities& abilities,
                          const WrappingKey& wrapping_key, CK_OBJECT_HANDLE key) {
  std::optional<Error> refused;
  for (const auto& row : aes_wraps_to_keep(abilities)) {
    CK_MECHANISM mechanism = {row.mechanism, nullptr, 0};
    Bytes octets(wrapped_room);
    CK_ULONG size = octets.size();
    const auto rv = session.call(function::wrap_key, &mechanism, wrapping_key.handle, key,
                                 octets.data(), &size);
    if (rv == CKR_OK) {
      if (size == 0 || size > octets.size()) {
        return Failure(error_from_nonsense("C_WrapKey", row.name, fmt::format("{} octets", size)));
      }
      octets.resize(size);
      return Wrapped{mechanism_of(row.form), std::move(octets)};
    }
    refused = error_from_rv(rv, "C_WrapKey", row.name);
    if (!is_refusal(*refused)) break;
  }
  if (refused) return Failure(*refused);
  return fail(Errc::unsupported, "it has no mechanism to wrap keys with an AES key");
}

Result<TemporaryObject> unwrap_with(const Session& session, const TokenAbilities& abilities,
                                    const WrappingKey& wrapping_key, const Wrapped& wrapped,
                                    Template& wanted) {
  std::optional<Error> refused;
  for (const auto& row : aes_wraps(abilities)) {
    if (row.form != form_of(wrapped.mechanism)) continue;
    auto made = unwrap_object(session, {row.mechanism, nullptr, 0}, row.name, wrapping_key.handle,
                              wrapped.octets, wanted);
    if (made || !is_refusal(made.error())) return made;
    refused = made.error();
  }
  if (refused) return Failure(*refused);
  return fail(Errc::unsupported,
              fmt::format("it has no mechanism for {}", to_string(wrapped.mechanism)));
}

namespace {

bool is_on(const TokenIdentity& token, const Uri& uri) {
  const std::array rows = {std::pair{"token", &token.label},
                           std::pair{"manufacturer", &token.manufacturer},
                           std::pair{"model", &token.model}, std::pair{"serial", &token.serial}};
  return std::ranges::all_of(rows, [&](const auto& row) {
    const auto value = uri.path_attribute(row.first);
    return !value || *value == *row.second;
  });
}

AesWrap form_of(WrapMechanism mechanism) {
  return mechanism == WrapMechanism::aes_pkcs7 ? AesWrap::pkcs7 : AesWrap::kwp;
}

WrapMechanism mechanism_of(AesWrap form) {
  return form == AesWrap::pkcs7 ? WrapMechanism::aes_pkcs7 : WrapMechanism::aes_kwp;
}

}  // namespace
}  // namespace keystore::pkcs11
