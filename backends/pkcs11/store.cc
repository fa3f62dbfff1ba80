#include "backends/pkcs11/store.h"

#include <fmt/format.h>

#include "backends/pkcs11/entry.h"
#include "backends/pkcs11/key.h"
#include "backends/pkcs11/module_search.h"
#include "backends/pkcs11/object.h"
#include "backends/pkcs11/public_half.h"
#include "backends/pkcs11/token.h"

namespace keystore::pkcs11 {
namespace {

constexpr std::array listed_classes = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE,
                                       CKO_SECRET_KEY};

/// All matching objects of one class, each read. What cannot be read is skipped by name.
Result<Listing<Object>> read_objects(const Session& session, const Wanted& wanted,
                                     CK_OBJECT_CLASS object_class, const Uri& uri);
Result<void> list_token(const LinkedToken& token, const Wanted& wanted, Listing<Entry>& listing);
Result<void> list_keys(const LinkedToken& token, const Wanted& wanted, Listing<Key>& listing);
bool fits_public_key(const Entry& entry, const std::optional<PublicKey>& wanted);

}  // namespace

Result<std::shared_ptr<StoreBackend>> TokenStore::create(const Uri& uri,
                                                         const OpenOptions& options) {
  auto config = options.config;
  if (config == nullptr) config = std::make_shared<const Config>();
  auto wanted = Wanted::from(uri);
  if (!wanted) return Failure(wanted.error());
  auto paths = find_modules(uri, *config);
  if (!paths) return Failure(paths.error());
  std::vector<const Library*> libraries;
  std::optional<Error> failed;
  for (const auto& path : *paths) {
    auto library = load_library(path, *config);
    if (library) {
      libraries.push_back(*library);
    } else if (!failed) {
      failed = library.error();
    }
  }
  if (libraries.empty() && failed) return Failure(*failed);
  return std::make_shared<TokenStore>(uri, options, std::move(*wanted), std::move(libraries));
}

Result<Listing<Entry>> TokenStore::find_entries(const Query& query) const {
  Listing<Entry> listing;
  const auto wanted = wanted_.and_also(query);
  if (!wanted) return listing;
  const Patience patience;
  auto tokens = find_tokens(uri_, options_, libraries_, patience);
  if (!tokens) return Failure(tokens.error());
  listing.skipped = std::move(tokens->skipped);
  for (const auto& token : tokens->items) {
    if (auto listed = list_token(token, *wanted, listing); !listed) {
      if (tokens->items.size() == 1) return Failure(listed.error());
      listing.skipped.push_back(listed.error());
    }
  }
  return listing;
}

Result<Listing<Key>> TokenStore::find_keys(const Query& query) const {
  Listing<Key> listing;
  const auto wanted = wanted_.and_also(query);
  // A URI without type that was meant for a certificate still finds the key beside it.
  if (!wanted || !wanted->wants(EntryKind::private_key)) return listing;
  const Patience patience;
  auto tokens = find_tokens(uri_, options_, libraries_, patience);
  if (!tokens) return Failure(tokens.error());
  listing.skipped = std::move(tokens->skipped);
  for (const auto& token : tokens->items) {
    if (auto listed = list_keys(token, *wanted, listing); !listed) {
      if (tokens->items.size() == 1) return Failure(listed.error());
      listing.skipped.push_back(listed.error());
    }
  }
  return listing;
}

namespace {

Result<void> list_token(const LinkedToken& linked, const Wanted& wanted, Listing<Entry>& listing) {
  Patience patience;
  auto& token = linked.link->token();
  const bool login = linked.link->has_pin_source() || wanted.kind == EntryKind::private_key;
  if (auto ready = token.make_ready(*linked.link, login, patience); !ready) return ready;
  auto session = token.session(patience);
  if (!session) return Failure(session.error());
  for (const auto object_class : listed_classes) {
    const auto kind = make_entry(linked.uri, Object{.object_class = object_class}, {}).kind;
    if (!wanted.wants(kind)) continue;
    auto objects = read_objects(**session, wanted, object_class, linked.uri);
    if (!objects) return Failure(objects.error());
    for (auto& skipped : objects->skipped) listing.skipped.push_back(std::move(skipped));
    for (const auto& object : objects->items) {
      auto half = object_class == CKO_PRIVATE_KEY
                      ? find_public_half(**session, object)
                      : Result<std::optional<PublicKey>>(own_public_key(object));
      if (!half) return Failure(half.error());
      auto entry = make_entry(linked.uri, object, std::move(*half));
      if (fits_public_key(entry, wanted.public_key)) listing.items.push_back(std::move(entry));
    }
  }
  return {};
}

Result<void> list_keys(const LinkedToken& linked, const Wanted& wanted, Listing<Key>& listing) {
  Patience patience;
  auto& token = linked.link->token();
  if (auto ready = token.make_ready(*linked.link, true, patience); !ready) return ready;
  auto mechanisms = token.mechanisms(patience);
  if (!mechanisms) return Failure(mechanisms.error());
  auto session = token.session(patience);
  if (!session) return Failure(session.error());
  auto objects = read_objects(**session, wanted, CKO_PRIVATE_KEY, linked.uri);
  if (!objects) return Failure(objects.error());
  for (auto& skipped : objects->skipped) listing.skipped.push_back(std::move(skipped));
  for (const auto& object : objects->items) {
    auto key = make_key(linked.link, linked.uri, **session, object, {*mechanisms, token.quirks()});
    if (!key) return Failure(key.error());
    if (fits_public_key((*key)->entry(), wanted.public_key))
      listing.items.emplace_back(std::move(*key));
  }
  return {};
}

Result<Listing<Object>> read_objects(const Session& session, const Wanted& wanted,
                                     CK_OBJECT_CLASS object_class, const Uri& uri) {
  auto search = wanted.as_template(object_class);
  auto handles = find_objects(session, search);
  if (!handles) return Failure(handles.error());
  Listing<Object> listing;
  for (const auto handle : *handles) {
    auto object = read_object(session, handle, object_class);
    if (object) {
      listing.items.push_back(std::move(*object));
    } else {
      auto error = object.error();
      error.message = fmt::format("object {} in {}: {}", handle, uri.canonical(), error.message);
      listing.skipped.push_back(std::move(error));
    }
  }
  return listing;
}

bool fits_public_key(const Entry& entry, const std::optional<PublicKey>& wanted) {
  if (!wanted) return true;
  if (entry.public_key) return *entry.public_key == *wanted;
  if (!entry.certificate) return false;
  const auto key = entry.certificate->public_key();
  return key && *key == *wanted;
}

}  // namespace
}  // namespace keystore::pkcs11
