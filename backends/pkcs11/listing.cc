#include "backends/pkcs11/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "backends/pkcs11/entry.h"

namespace keystore::pkcs11 {
namespace {

constexpr std::array listed_classes = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE,
                                       CKO_SECRET_KEY};
/// So many public halves are looked for one by one; for more it is faster to read them all.
constexpr std::ptrdiff_t few = 8;

Error skipped_in(const Uri& token, Error error) {
  error.message = fmt::format("{}: {}", token.canonical(), error.message);
  return error;
}

/// Reads what `search` finds. An object that went meanwhile, or that makes no sense, hides no
/// other; a token that does not answer is the caller's to mend.
template <class Read>
Result<Listing<Object>> read_found(const Session& session, Template search, const Uri& token,
                                   const Read& read) {
  auto handles = find_objects(session, search);
  if (!handles) return Failure(handles.error());
  Listing<Object> found;
  found.items.reserve(handles->size());
  for (const auto handle : *handles) {
    auto object = read(handle);
    if (object) {
      found.items.push_back(*std::move(object));
      continue;
    }
    if (remedy_for(object.error()) > Remedy::find_object) return Failure(object.error());
    found.skipped.push_back(skipped_in(token, object.error()));
  }
  return found;
}

/// Objects of every class, in one search: with thousands of objects each search takes its time.
Result<Listing<Object>> read_all(const Session& session, const Wanted& wanted, const Uri& token) {
  return read_found(session, wanted.as_template(), token,
                    [&](CK_OBJECT_HANDLE handle) { return read_object(session, handle); });
}

Result<Listing<Object>> read_class(const Session& session, const Wanted& wanted,
                                   CK_OBJECT_CLASS object_class, const Uri& token) {
  return read_found(session, wanted.as_template(object_class), token, [&](CK_OBJECT_HANDLE handle) {
    return read_object(session, handle, object_class);
  });
}

/// Objects of the wanted kinds, perhaps more.
struct Found {
  Listing<Object> objects = {};
  bool whole = false;  ///< all that the token shows
};

/// By a full template, but for private keys: their public halves come along.
Result<Found> read_wanted(const Session& session, const Wanted& wanted, const Uri& token) {
  if (wanted.wants(EntryKind::private_key)) {
    auto all = read_all(session, wanted, token);
    if (!all) return Failure(all.error());
    return Found{*std::move(all), !wanted.label && !wanted.id};
  }
  auto some = read_class(session, wanted, class_of(*wanted.kind), token);
  if (!some) return Failure(some.error());
  return Found{*std::move(some)};
}

/// What was found with a key may be all that goes with it, or only that with the same label.
Result<std::vector<std::optional<PublicHalf>>> halves_of(const Session& session,
                                                         std::span<const Object> keys,
                                                         const Found& found, const Uri& token) {
  auto halves = halves_among(found.objects.items, keys);
  const auto missing = std::ranges::count_if(halves, [](const auto& half) { return !half; });
  if (found.whole || missing == 0) return halves;
  if (missing > few) {
    const auto all = read_all(session, {}, token);
    if (!all) return Failure(all.error());
    return halves_among(all->items, keys);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (halves[i]) continue;
    auto half = find_half(session, keys[i]);
    if (!half) return Failure(half.error());
    halves[i] = *std::move(half);
  }
  return halves;
}

Result<std::vector<ListedKey>> private_keys_in(const Session& session, const Found& found,
                                               const Wanted& wanted, const Uri& token) {
  std::vector<Object> keys;
  std::ranges::copy_if(found.objects.items, std::back_inserter(keys),
                       [](const Object& object) { return object.object_class == CKO_PRIVATE_KEY; });
  auto halves = halves_of(session, keys, found, token);
  if (!halves) return Failure(halves.error());
  std::vector<ListedKey> listed;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto& half = (*halves)[i];
    if (wanted.public_key && (!half || half->key != *wanted.public_key)) continue;
    listed.push_back({std::move(keys[i]), std::move(half)});
  }
  return listed;
}

bool is_wanted(const Entry& entry, const std::optional<PublicKey>& wanted) {
  if (!wanted) return true;
  if (entry.public_key) return *entry.public_key == *wanted;
  if (!entry.certificate) return false;
  const auto key = entry.certificate->public_key();
  return key && *key == *wanted;
}

}  // namespace

Result<Listing<ListedKey>> list_private_keys(const Session& session, const Wanted& wanted,
                                             const Uri& token) {
  auto only_keys = wanted;
  only_keys.kind = EntryKind::private_key;
  auto found = read_wanted(session, only_keys, token);
  if (!found) return Failure(found.error());
  auto keys = private_keys_in(session, *found, wanted, token);
  if (!keys) return Failure(keys.error());
  return Listing<ListedKey>{*std::move(keys), std::move(found->objects.skipped)};
}

Result<Listing<Entry>> list_entries(const Session& session, const Wanted& wanted,
                                    const Uri& token) {
  auto found = read_wanted(session, wanted, token);
  if (!found) return Failure(found.error());
  auto keys = private_keys_in(session, *found, wanted, token);
  if (!keys) return Failure(keys.error());
  Listing<Entry> listing;
  for (const auto& key : *keys) {
    listing.items.push_back(
        make_entry(token, key.object, key.half ? std::optional(key.half->key) : std::nullopt));
  }
  for (const auto object_class : listed_classes) {
    if (object_class == CKO_PRIVATE_KEY || !wanted.wants(kind_of(object_class))) continue;
    for (const auto& object : found->objects.items) {
      if (object.object_class != object_class) continue;
      auto half = object_class == CKO_PUBLIC_KEY ? own_public_key(object) : std::nullopt;
      auto entry = make_entry(token, object, std::move(half));
      if (object_class == CKO_CERTIFICATE && !entry.certificate) {
        const auto why =
            fmt::format("certificate '{}' cannot be read: it is no X.509 certificate", entry.label);
        found->objects.skipped.push_back(skipped_in(token, {Errc::malformed, why}));
        continue;
      }
      if (is_wanted(entry, wanted.public_key)) listing.items.push_back(std::move(entry));
    }
  }
  listing.skipped = std::move(found->objects.skipped);
  return listing;
}

}  // namespace keystore::pkcs11
