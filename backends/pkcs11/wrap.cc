#include <fmt/format.h>

#include "backends/pkcs11/described_object.h"
#include "backends/pkcs11/entry.h"
#include "backends/pkcs11/import_ways.h"
#include "backends/pkcs11/store.h"
#include "backends/pkcs11/wrapping_key.h"
#include "keystore/internal/public_key_parsed.h"

namespace keystore::pkcs11 {
namespace {

/// What is known beforehand of a key that shall leave.
struct Leaving {
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  const PublicKey& half;
  const std::string& label;
  const Bytes& id;
};

Result<CK_OBJECT_HANDLE> find_leaving(const OpenForWriting& open, const Entry& key,
                                      const WrappingKey& wrapping_key);
Result<WrappedKey> wrap_and_prove(const OpenForWriting& open, const Leaving& key,
                                  const WrappingKey& wrapping_key);
Error about_token(Error error, std::string_view action, const OpenForWriting& open);

}  // namespace

Result<WrappedKey> TokenStore::wrap(const Entry& key, const Uri& wrapping_key) {
  if (!key.public_key) {
    return fail(Errc::unsupported,
                fmt::format("{} shows no public half, so that a backup could not be proven",
                            key.uri.canonical()));
  }
  const auto open = open_for_writing(uri_, options_, libraries_);
  if (!open) return Failure(open.error());
  const auto by = find_wrapping_key(*open, wrapping_key, CKA_WRAP);
  if (!by) return Failure(by.error());
  const auto handle = find_leaving(*open, key, *by);
  if (!handle) return Failure(handle.error());
  return wrap_and_prove(*open, {*handle, *key.public_key, key.label, key.id}, *by);
}

Result<WrappedKey> TokenStore::wrap_copy(const Secret& pkcs8, const NewObject& names,
                                         const Uri& wrapping_key) {
  const auto key = PrivateKeyMaterial::parse(pkcs8);
  if (!key) return Failure(key.error());
  const auto open = open_for_writing(uri_, options_, libraries_);
  if (!open) return Failure(open.error());
  const auto by = find_wrapping_key(*open, wrapping_key, CKA_WRAP);
  if (!by) return Failure(by.error());
  const auto abilities = abilities_of(*open);
  if (!abilities) return Failure(abilities.error());
  auto object = names;
  object.wrappable = true;
  const auto named = names_for(object, {}, key->half);
  const auto placed =
      place_private_key(*open->session, *abilities, open->linked.link->identity().label,
                        {key->pkey.get(), key->half, key->type, object, named, false});
  if (!placed) return Failure(placed.error());
  return wrap_and_prove(*open, {placed->object.handle(), key->half, named.label, named.id}, *by);
}

Result<Entry> TokenStore::unwrap(const WrappedKey& wrapped, const Uri& wrapping_key,
                                 const NewObject& object) {
  const auto& half = wrapped.public_key;
  const auto type = key_type_for(half.shape().type);
  if (!type) return Failure(type.error());
  const auto open = open_for_writing(uri_, options_, libraries_);
  if (!open) return Failure(open.error());
  const auto& session = *open->session;
  const auto abilities = abilities_of(*open);
  if (!abilities) return Failure(abilities.error());
  const auto by = find_wrapping_key(*open, wrapping_key, CKA_UNWRAP);
  if (!by) return Failure(by.error());
  auto named = object;
  if (named.label.empty() && !wanted_.label) named.label = wrapped.label;
  if (named.id.empty() && !wanted_.id) named.id = wrapped.id;
  const auto names = names_for(named, wanted_, half);
  if (auto free = check_free(session, names, {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}, open->linked);
      !free) {
    return Failure(free.error());
  }
  const NewPrivateKey key{pkey_of(half), half, *type, object, names};
  const auto action = fmt::format("cannot bring back key '{}' with '{}'", names.label, by->label);
  auto wanted = key.attributes(abilities->quirks);
  auto made = unwrap_with(session, *abilities, *by, {wrapped.mechanism, wrapped.wrapped}, wanted);
  if (!made) {
    auto error = about_token(made.error(), action, *open);
    error.hint = fmt::format("it was wrapped by {}", wrapped.wrapping_key.canonical());
    return Failure(std::move(error));
  }
  if (auto proven = prove_private_key(session, *abilities, made->handle(), half, object); !proven) {
    return Failure(about_token(proven.error(), action, *open));
  }
  return finish_pair(*open, key, std::move(*made));
}

namespace {

Result<CK_OBJECT_HANDLE> find_leaving(const OpenForWriting& open, const Entry& key,
                                      const WrappingKey& wrapping_key) {
  const auto name = key.uri.canonical();
  const auto found = find_described(*open.session, CKO_PRIVATE_KEY, key);
  if (!found) return Failure(found.error());
  if (found->empty()) return fail(Errc::not_found, fmt::format("{} is not there", name));
  if (found->size() > 1) {
    return fail(Errc::ambiguous, fmt::format("{} objects are {}", found->size(), name));
  }
  const auto object = read_object(*open.session, found->front(), CKO_PRIVATE_KEY);
  if (!object) return Failure(object.error());
  if (!object->flag(CKA_EXTRACTABLE).value_or(false)) {
    return fail(Errc::access_denied,
                fmt::format("{} may not leave its token, wrapped or not", name),
                "only a key that was made or imported with --wrappable or --wrap-with-trusted may");
  }
  if (object->flag(CKA_WRAP_WITH_TRUSTED).value_or(false) && !wrapping_key.trusted) {
    return fail(Errc::access_denied,
                fmt::format("{} leaves by a trusted wrapping key only, and '{}' is not one", name,
                            wrapping_key.label),
                "the security officer makes a wrapping key trusted (CKA_TRUSTED)");
  }
  return found->front();
}

// A backup that nobody has read is none: it is unwrapped into the session and signs there, where
// the wrapping key may do that.
Result<WrappedKey> wrap_and_prove(const OpenForWriting& open, const Leaving& key,
                                  const WrappingKey& wrapping_key) {
  const auto& session = *open.session;
  const auto abilities = abilities_of(open);
  if (!abilities) return Failure(abilities.error());
  const auto action = fmt::format("cannot wrap key '{}' with '{}'", key.label, wrapping_key.label);
  auto wrapped = wrap_with(session, *abilities, wrapping_key, key.handle);
  if (!wrapped) return Failure(about_token(wrapped.error(), action, open));
  if (find_wrapping_key(open, wrapping_key.uri, CKA_UNWRAP)) {
    const auto type = key_type_for(key.half.shape().type);
    if (!type) return Failure(type.error());
    auto wanted = private_key_template(*type, {}, abilities->quirks, false);
    const auto copy = unwrap_with(session, *abilities, wrapping_key, *wrapped, wanted);
    if (!copy) return Failure(about_token(copy.error(), action, open));
    const auto proven = prove_private_key(session, *abilities, copy->handle(), key.half, {});
    if (!proven) return Failure(about_token(proven.error(), action, open));
  }
  return WrappedKey{wrapped->mechanism, wrapping_key.uri, key.half,
                    key.label,          key.id,           std::move(wrapped->octets)};
}

Error about_token(Error error, std::string_view action, const OpenForWriting& open) {
  error.message = fmt::format("{} on token '{}': {}", action, open.linked.link->identity().label,
                              error.message);
  return error;
}

}  // namespace
}  // namespace keystore::pkcs11
