#include "backends/pkcs11/store.h"

#include <algorithm>
#include <iterator>

#include "backends/pkcs11/error.h"
#include "backends/pkcs11/key.h"
#include "backends/pkcs11/listing.h"
#include "backends/pkcs11/token.h"
#include "keystore/tokens.h"

namespace keystore::pkcs11 {
namespace {

/// Runs `body(session, epoch)`, mending what can be mended and running it again.
template <class Body>
Result<void> with_session(const LinkedToken& linked, bool login, const Body& body);
/// A token shows them after a login only.
bool hides_objects(const Wanted& wanted);
bool needs_login(const TokenLink& link, const Wanted& wanted);
template <class T>
void append(Listing<T>& listing, Listing<T> more);
/// `found` as a key that keeps `link`.
Result<Key> key_of(const KnownKey& found, std::shared_ptr<const TokenLink> link);

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
  std::vector<Error> unloaded;
  for (const auto& path : *paths) {
    auto library = load_library(path, *config);
    if (library) {
      libraries.push_back(*library);
    } else {
      unloaded.push_back(library.error());
    }
  }
  if (libraries.empty() && !unloaded.empty()) return Failure(unloaded.front());
  return std::make_shared<TokenStore>(uri, options, std::move(*wanted), std::move(libraries),
                                      std::move(unloaded));
}

Result<Listing<LinkedToken>> TokenStore::tokens() const {
  auto found = find_tokens(uri_, options_, libraries_, Patience());
  if (!found && found.error().code == Errc::not_found) {
    for (const auto& error : unloaded_) found.error().message += "; besides, " + error.message;
  }
  return found;
}

Result<Listing<Entry>> TokenStore::find_entries(const Query& query) const {
  const auto wanted = wanted_.and_also(query);
  if (!wanted) return Listing<Entry>();
  auto linked = tokens();
  if (!linked) return Failure(linked.error());
  Listing<Entry> listing{.skipped = std::move(linked->skipped)};
  for (const auto& token : linked->items) {
    const bool login = needs_login(*token.link, *wanted);
    auto listed =
        with_session(token, login, [&](const Session& session, std::uint64_t) -> Result<void> {
          auto found = list_entries(session, *wanted, token.uri);
          if (!found) return Failure(found.error());
          append(listing, std::move(*found));
          return {};
        });
    if (listed && !login && hides_objects(*wanted)) listed = token.link->check_whose_pin();
    if (listed) continue;
    if (linked->items.size() == 1) return Failure(listed.error());
    listing.skipped.push_back(listed.error());
  }
  return listing;
}

Result<Listing<Key>> TokenStore::find_keys(const Query& query) const {
  const auto wanted = wanted_.and_also(query);
  if (!wanted || !wanted->wants(EntryKind::private_key)) return Listing<Key>();
  const KeyQuestion question(uri_, *wanted, libraries_);
  if (auto known = known_key(question)) return Listing<Key>{{*std::move(known)}};
  const auto changes = known_keys().changes();
  auto linked = tokens();
  if (!linked) return Failure(linked.error());
  Listing<Key> listing{.skipped = std::move(linked->skipped)};
  std::optional<KnownKey> last;
  for (const auto& token : linked->items) {
    auto found = keys_on(token, *wanted);
    if (!found) {
      const bool only = linked->items.size() == 1 || !token.link->check_whose_pin();
      if (only) return Failure(found.error());
      listing.skipped.push_back(found.error());
      continue;
    }
    for (auto& known : found->items) {
      auto key = key_of(known, token.link);
      if (!key) return Failure(key.error());
      listing.items.push_back(*std::move(key));
      last = std::move(known);
    }
    std::ranges::move(found->skipped, std::back_inserter(listing.skipped));
  }
  if (listing.items.size() == 1 && listing.skipped.empty()) {
    known_keys().remember(question, *std::move(last), changes);
  }
  return listing;
}

Result<Listing<KnownKey>> TokenStore::keys_on(const LinkedToken& linked,
                                              const Wanted& wanted) const {
  auto& token = linked.link->token();
  Listing<KnownKey> keys;
  const auto list = [&](const Session& session, std::uint64_t epoch) -> Result<void> {
    if (auto known = token.mechanisms(Patience()); !known) return Failure(known.error());
    auto found = list_private_keys(session, wanted, linked.uri);
    if (!found) return Failure(found.error());
    if (found->items.empty() && (token.flags() & CKF_LOGIN_REQUIRED) != 0 && !logged_in(session)) {
      // Somebody in this process logged out, which hides the keys.
      return Failure(error_from_rv(CKR_USER_NOT_LOGGED_IN, "C_FindObjects", "cannot find keys"));
    }
    for (auto& key : found->items) {
      keys.items.push_back({&token, epoch, linked.uri, linked.link->namesakes(), std::move(key)});
    }
    keys.skipped = std::move(found->skipped);
    return {};
  };
  if (auto listed = with_session(linked, true, list); !listed) return Failure(listed.error());
  return keys;
}

std::optional<Key> TokenStore::known_key(const KeyQuestion& question) const {
  const auto known = known_keys().find(question);
  if (known == nullptr) return std::nullopt;
  auto& token = *known->token;
  auto link = std::make_shared<TokenLink>(token.module().library(), token.identity(), uri_,
                                          options_, known->namesakes);
  Patience patience;
  if (auto ready = token.make_ready(*link, true, patience); !ready) return std::nullopt;
  {
    const auto session = token.session(patience);
    if (session && known->still_there(**session) && token.epoch() == known->epoch) {
      auto key = key_of(*known, std::move(link));
      return key ? std::optional(*std::move(key)) : std::nullopt;
    }
  }
  known_keys().forget(question);
  return std::nullopt;
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
      done = session ? body(**session, epoch) : Result<void>(Failure(session.error()));
      if (!done) done = Failure(on_token(token.identity().label, done.error()));
      if (done || remedy_for(done.error()) == Remedy::none) return done;
      if (session) session->after(remedy_for(done.error()));
    }
    auto healed = token.heal(*linked.link, epoch, remedy_for(done.error()), patience);
    if (!healed) return healed;
  }
  return done;
}

template <class T>
void append(Listing<T>& listing, Listing<T> more) {
  std::ranges::move(more.items, std::back_inserter(listing.items));
  std::ranges::move(more.skipped, std::back_inserter(listing.skipped));
}

Result<Key> key_of(const KnownKey& found, std::shared_ptr<const TokenLink> link) {
  auto& token = *found.token;
  const auto mechanisms = token.mechanisms(Patience());
  if (!mechanisms) return Failure(mechanisms.error());
  const auto& half = found.key.half;
  return Key(make_key(std::move(link), found.token_uri, found.key.object,
                      half ? std::optional(half->key) : std::nullopt, **mechanisms, found.epoch));
}

}  // namespace
}  // namespace keystore::pkcs11
