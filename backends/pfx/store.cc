#include "backends/pfx/store.h"

#include <fmt/format.h>

#include <filesystem>

#include "keystore/file.h"
#include "keystore/internal/file_uri.h"
#include "keystore/internal/query_match.h"
#include "keystore/internal/software_key.h"

namespace keystore::pfx {
namespace {

Error in_file(const std::string& path, Error error) {
  error.message = fmt::format("cannot read {}: {}", path, error.message);
  return error;
}

}  // namespace

Result<Listing<Entry>> PfxStore::find_entries(const Query& query) const {
  return search<Entry>(
      query, [](const Item& item, std::vector<Entry>& found) { found.push_back(item.entry); });
}

Result<Listing<Key>> PfxStore::find_keys(const Query& query) const {
  auto keys = query;
  if (!keys.kind) keys.kind = EntryKind::private_key;
  return search<Key>(keys, [](const Item& item, std::vector<Key>& found) {
    if (item.key != nullptr) found.emplace_back(item.key);
  });
}

template <class T, class Take>
Result<Listing<T>> PfxStore::search(const Query& query, Take take) const {
  const auto now = content();
  if (!now) return Failure(now.error());
  Listing<T> found;
  if (*now == nullptr) return found;
  bool readable = false;
  const auto& items = (*now)->items;
  for (std::size_t object = 0; object < items.size(); ++object) {
    if (index_ && *index_ != object) continue;
    const auto& item = items[object];
    readable |= !item.fault;
    if (item.fault) {
      found.skipped.push_back(*item.fault);
    } else if (matches(query, item.entry)) {
      take(item, found.items);
    }
  }
  // Who names one file wants to know what is wrong with it.
  if (!readable && !found.skipped.empty()) return Failure(found.skipped.front());
  return found;
}

Result<std::shared_ptr<const PfxStore::Content>> PfxStore::content() const {
  auto file = read_file(path_);
  if (!file && file.error().code == Errc::not_found && context_.options.create) return nullptr;
  if (!file) return Failure(file.error());
  if (auto known = kept(); known != nullptr && known->file == *file) return known;
  auto fresh = read(std::move(*file));
  if (fresh) keep(*fresh);
  return fresh;
}

std::shared_ptr<const PfxStore::Content> PfxStore::kept() const {
  const std::lock_guard lock(keep_mutex_);
  return kept_;
}

void PfxStore::keep(std::shared_ptr<const Content> content) const {
  const std::lock_guard lock(keep_mutex_);
  kept_.swap(content);
}

/// Where nobody has a passphrase, an empty one may do.
Result<std::shared_ptr<const PfxStore::Content>> PfxStore::read(Secret file) const {
  std::optional<Error> nobody;
  const auto ask = [&]() -> Result<Secret> {
    auto given =
        read_pin(uri_, context_.options, {.what = PinRequest::What::passphrase, .object = path_});
    if (given || given.error().code != Errc::pin_required) return given;
    nobody = given.error();
    return Secret();
  };
  auto made = read(std::move(file), ask);
  if (!made && nobody && made.error().code == Errc::pin_incorrect) {
    return Failure(in_file(path_, *nobody));
  }
  return made;
}

Result<std::shared_ptr<const PfxStore::Content>> PfxStore::read(Secret file,
                                                                const PassphraseSource& ask) const {
  auto made = std::make_shared<Content>();
  auto bundle = read_bundle(file.view(), [&]() -> Result<Secret> {
    auto given = ask();
    if (given) made->passphrase = given->clone();
    return given;
  });
  if (!bundle) return Failure(in_file(path_, bundle.error()));
  made->file = std::move(file);
  made->bundle = std::move(*bundle);
  for (std::size_t object = 0; object < made->bundle.objects.size(); ++object) {
    made->items.push_back(item_of(made->bundle, object));
  }
  return made;
}

PfxStore::Item PfxStore::item_of(const Bundle& bundle, std::size_t place) const {
  const Object& object = bundle.objects[place];
  Uri uri = pfx_uri(path_);
  if (bundle.objects.size() > 1) {
    uri = uri.with_query_attribute("index", std::to_string(place + 1));
  }
  Item item{.entry = {.uri = std::move(uri), .kind = object.kind, .id = object.id}};
  auto& entry = item.entry;
  entry.label = object.label.empty() ? std::filesystem::path(path_).stem().string() : object.label;
  entry.extractable = object.kind != EntryKind::certificate;
  entry.attributes["format"] = "PKCS#12";
  entry.attributes["encrypted"] = object.encrypted ? "yes" : "no";
  if (!object.provider.empty()) entry.attributes["key-provider"] = object.provider;
  item.fault = object.fault;
  if (!item.fault && object.kind == EntryKind::certificate) {
    auto certificate = Certificate::parse(object.certificate);
    if (!certificate) item.fault = certificate.error();
    if (certificate) entry.certificate = std::move(*certificate);
  } else if (!item.fault && object.kind == EntryKind::private_key) {
    auto key = make_software_key(object.pkcs8.clone(), entry);
    if (!key) item.fault = key.error();
    if (key) entry = (*key)->entry();
    if (key) item.key = std::move(*key);
  }
  if (item.fault) {
    item.fault->message =
        fmt::format("cannot read object {} of {}: {}", place + 1, path_, item.fault->message);
  }
  return item;
}

}  // namespace keystore::pfx
