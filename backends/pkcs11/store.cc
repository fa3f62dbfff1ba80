#include "backends/pkcs11/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "backends/pkcs11/entry.h"
#include "backends/pkcs11/error.h"
#include "backends/pkcs11/key.h"
#include "backends/pkcs11/module_search.h"
#include "backends/pkcs11/object.h"
#include "backends/pkcs11/public_half.h"
#include "backends/pkcs11/token.h"

namespace keystore::pkcs11 {
namespace {

constexpr std::array listed_classes = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE,
                                       CKO_SECRET_KEY};

/// Runs `body(session)`, mending what can be mended and running it again.
template <class Body>
Result<void> with_session(const LinkedToken& linked, bool login, const Body& body);
/// All matching objects of one class, each read. What cannot be read is skipped by name.
Result<Listing<Object>> read_objects(const Session& session, const Wanted& wanted,
                                     CK_OBJECT_CLASS object_class, const Uri& uri);
Result<Listing<Entry>> list_entries(const Session& session, const LinkedToken& linked,
                                    const Wanted& wanted);
Result<Listing<Key>> list_keys(const Session& session, const LinkedToken& linked,
                               const Wanted& wanted, const MechanismTable& mechanisms);
/// A token shows them after a login only.
bool hides_objects(const Wanted& wanted);
bool needs_login(const TokenLink& link, const Wanted& wanted);
template <class T>
void append(Listing<T>& listing, Listing<T> more);
Error skipped_in(const Uri& uri, Error error);
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
  const auto wanted = wanted_.and_also(query);
  if (!wanted) return Listing<Entry>();
  auto tokens = find_tokens(uri_, options_, libraries_, Patience());
  if (!tokens) return Failure(tokens.error());
  Listing<Entry> listing{.skipped = std::move(tokens->skipped)};
  for (const auto& token : tokens->items) {
    const bool login = needs_login(*token.link, *wanted);
    auto listed = with_session(token, login, [&](const Session& session) -> Result<void> {
      auto found = list_entries(session, token, *wanted);
      if (!found) return Failure(found.error());
      append(listing, std::move(*found));
      return {};
    });
    if (listed && !login && hides_objects(*wanted)) listed = token.link->check_whose_pin();
    if (listed) continue;
    if (tokens->items.size() == 1) return Failure(listed.error());
    listing.skipped.push_back(listed.error());
  }
  return listing;
}

Result<Listing<Key>> TokenStore::find_keys(const Query& query) const {
  const auto wanted = wanted_.and_also(query);
  if (!wanted || !wanted->wants(EntryKind::private_key)) return Listing<Key>();
  auto tokens = find_tokens(uri_, options_, libraries_, Patience());
  if (!tokens) return Failure(tokens.error());
  Listing<Key> listing{.skipped = std::move(tokens->skipped)};
  for (const auto& linked : tokens->items) {
    auto& token = linked.link->token();
    const auto mechanisms = token.mechanisms(Patience());
    auto listed = with_session(linked, true, [&](const Session& session) -> Result<void> {
      if (!mechanisms) return Failure(mechanisms.error());
      auto found = list_keys(session, linked, *wanted, **mechanisms);
      if (!found) return Failure(found.error());
      if (found->items.empty() && (token.flags() & CKF_LOGIN_REQUIRED) != 0 &&
          !logged_in(session)) {
        // Somebody in this process logged out, which hides the keys.
        return Failure(error_from_rv(CKR_USER_NOT_LOGGED_IN, "C_FindObjects", "cannot find keys"));
      }
      append(listing, std::move(*found));
      return {};
    });
    if (listed) continue;
    const bool only = tokens->items.size() == 1 || !linked.link->check_whose_pin();
    if (only) return Failure(listed.error());
    listing.skipped.push_back(listed.error());
  }
  return listing;
}

namespace {

bool hides_objects(const Wanted& wanted) {
  return wanted.wants(EntryKind::private_key) || wanted.wants(EntryKind::secret_key);
}

// Nobody is asked for a PIN where only certificates or public keys are wanted: tokens show those
// without. A PIN that is at hand is used, because a token may hide any object.
bool needs_login(const TokenLink& link, const Wanted& wanted) {
  if (wanted.kind == EntryKind::private_key) return true;
  return link.has_pin_source() && (hides_objects(wanted) || !link.person_types());
}

template <class Body>
Result<void> with_session(const LinkedToken& linked, bool login, const Body& body) {
  constexpr int most_tries = 3;
  Patience patience;
  auto& token = linked.link->token();
  Result<void> done;
  for (int tries = 0; tries < most_tries; ++tries) {
    if (auto ready = token.make_ready(*linked.link, login, patience); !ready) return ready;
    const auto epoch = token.epoch();
    {
      auto session = token.session(patience);
      done = session ? body(**session) : Result<void>(Failure(session.error()));
      if (!done) done = Failure(on_token(token.identity().label, done.error()));
      if (done || remedy_for(done.error()) == Remedy::none) return done;
      if (session) session->after(remedy_for(done.error()));
    }
    auto healed = token.heal(*linked.link, epoch, remedy_for(done.error()), patience);
    if (!healed) return healed;
  }
  return done;
}

Result<Listing<Entry>> list_entries(const Session& session, const LinkedToken& linked,
                                    const Wanted& wanted) {
  Listing<Entry> listing;
  for (const auto object_class : listed_classes) {
    if (!wanted.wants(kind_of(object_class))) continue;
    auto objects = read_objects(session, wanted, object_class, linked.uri);
    if (!objects) return Failure(objects.error());
    append(listing, {.skipped = std::move(objects->skipped)});
    for (const auto& object : objects->items) {
      auto half = object_class == CKO_PRIVATE_KEY
                      ? find_public_half(session, object)
                      : Result<std::optional<PublicKey>>(own_public_key(object));
      if (!half) return Failure(half.error());
      auto entry = make_entry(linked.uri, object, std::move(*half));
      if (entry.kind == EntryKind::certificate && !entry.certificate) {
        listing.skipped.push_back(skipped_in(
            linked.uri, {Errc::malformed, fmt::format("certificate '{}' cannot be read: it is no "
                                                      "X.509 certificate",
                                                      entry.label)}));
        continue;
      }
      if (fits_public_key(entry, wanted.public_key)) listing.items.push_back(std::move(entry));
    }
  }
  return listing;
}

Result<Listing<Key>> list_keys(const Session& session, const LinkedToken& linked,
                               const Wanted& wanted, const MechanismTable& mechanisms) {
  auto objects = read_objects(session, wanted, CKO_PRIVATE_KEY, linked.uri);
  if (!objects) return Failure(objects.error());
  Listing<Key> listing{.skipped = std::move(objects->skipped)};
  for (const auto& object : objects->items) {
    auto key = make_key(linked.link, linked.uri, session, object, mechanisms);
    if (!key) return Failure(key.error());
    if (fits_public_key((*key)->entry(), wanted.public_key)) {
      listing.items.emplace_back(std::move(*key));
    }
  }
  return listing;
}

template <class T>
void append(Listing<T>& listing, Listing<T> more) {
  std::ranges::move(more.items, std::back_inserter(listing.items));
  std::ranges::move(more.skipped, std::back_inserter(listing.skipped));
}

Error skipped_in(const Uri& uri, Error error) {
  error.message = fmt::format("{}: {}", uri.canonical(), error.message);
  return error;
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
      listing.skipped.push_back(skipped_in(uri, object.error()));
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
