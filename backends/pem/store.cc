#include "backends/pem/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "backends/pem/decode.h"
#include "backends/pem/form.h"
#include "backends/pem/passphrase.h"
#include "keystore/internal/file_uri.h"
#include "keystore/internal/query_match.h"
#include "keystore/internal/software_key.h"
#include "keystore/reference.h"
#include "keystore/registry.h"

namespace keystore::pem {
Result<Listing<Entry>> PemStore::find_entries(const Query& query) const {
  const bool may_ask = !is_folder();
  return search<Entry>(
      [&](const ObjectFile& file, Listing<Entry>& found) { return find_in(file, query, found); },
      [&](const std::string& path) -> Result<Listing<Entry>> {
        const auto store = pfx(path, may_ask);
        if (!store) return Failure(store.error());
        return store->find_entries(query);
      });
}

Result<Listing<Key>> PemStore::find_keys(const Query& query) const {
  return search<Key>(
      [&](const ObjectFile& file, Listing<Key>& found) { return find_keys_in(file, query, found); },
      [&](const std::string& path) -> Result<Listing<Key>> {
        const auto store = pfx(path, true);
        if (!store) return Failure(store.error());
        return store->find_keys(query);
      });
}

template <class T, class SearchFile, class SearchStore>
Result<Listing<T>> PemStore::search(SearchFile search_file, SearchStore search_store) const {
  const auto paths = files();
  if (!paths) return Failure(paths.error());
  Listing<T> found;
  bool readable = false;
  for (const auto& path : *paths) {
    const auto file = ObjectFile::read(path);
    if (!file) {
      found.skipped.push_back(file.error());
    } else if (file->is_pkcs12()) {
      auto more = search_store(path);
      readable |= more.has_value();
      if (!more) {
        found.skipped.push_back(more.error());
        continue;
      }
      std::ranges::move(more->items, std::back_inserter(found.items));
      std::ranges::move(more->skipped, std::back_inserter(found.skipped));
    } else if (search_file(*file, found)) {
      readable = true;
    }
  }
  // Who names one file wants to know what is wrong with it.
  if (!readable && !found.skipped.empty() && !is_folder()) return Failure(found.skipped.front());
  return found;
}

/// With the secrets and the index of this store's URI. A listing of a folder asks nobody.
Result<Store> PemStore::pfx(const std::string& path, bool may_ask) const {
  const std::lock_guard lock(pfx_mutex_);
  const auto known = pfx_.find({path, may_ask});
  if (known != pfx_.end()) return known->second;
  auto uri = pfx_uri(path);
  for (const auto& attribute : uri_.query_attributes()) {
    uri = uri.with_query_attribute(attribute.name, attribute.value);
  }
  auto options = context_.options;
  if (!may_ask) options.pin = {};
  auto store = context_.registry->open(uri, options);
  if (store) pfx_.emplace(std::pair(path, may_ask), *store);
  return store;
}

bool PemStore::is_folder() const {
  std::error_code error;
  return std::filesystem::is_directory(path_, error);
}

Result<std::vector<std::string>> PemStore::files() const {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto status = fs::status(path_, error);
  if (status.type() == fs::file_type::not_found) {
    if (context_.options.create) return std::vector<std::string>{};
    return fail(Errc::not_found, fmt::format("no file {}", path_));
  }
  if (error) return Failure(error_from_errno(error.value(), "stat", "read", path_));
  if (status.type() != fs::file_type::directory) return std::vector{path_};
  if (index_) return fail(Errc::invalid_argument, fmt::format("{} is a folder: no index", path_));
  std::vector<std::string> paths;
  for (fs::directory_iterator i(path_, error), end; !error && i != end; i.increment(error)) {
    std::error_code ignored;
    // Hidden files are temporary ones of editors, and of write_file().
    const bool hidden = i->path().filename().native().starts_with('.');
    if (!hidden && i->is_regular_file(ignored)) paths.push_back(i->path().string());
  }
  if (error) return Failure(error_from_errno(error.value(), "readdir", "read", path_));
  std::ranges::sort(paths);
  return paths;
}

bool PemStore::find_in(const ObjectFile& file, const Query& query, Listing<Entry>& found) const {
  bool readable = false;
  for (std::size_t object = 0; object < file.objects().size(); ++object) {
    if (!selects(object)) continue;
    auto entry = file.describe(object);
    readable |= entry.has_value();
    if (!entry) {
      found.skipped.push_back(entry.error());
    } else if (matches(query, *entry)) {
      found.items.push_back(std::move(*entry));
    }
  }
  return readable;
}

bool PemStore::find_keys_in(const ObjectFile& file, const Query& query, Listing<Key>& found) const {
  Passphrase passphrase(uri_, context_.options, file.path());
  bool readable = false;
  for (std::size_t object = 0; object < file.objects().size(); ++object) {
    if (!selects(object) || !holds_private_key(file.objects()[object])) continue;
    const auto entry = file.describe(object);
    const bool other = entry && !may_match(query, *entry);
    readable |= other;
    if (other) continue;
    auto key = entry ? key_of(file, object, *entry, passphrase) : Failure(entry.error());
    readable |= key.has_value();
    if (!key) {
      found.skipped.push_back(key.error());
    } else if (!query.public_key || has_public_key(key->entry(), *query.public_key)) {
      found.items.push_back(std::move(*key));
    }
  }
  return readable;
}

Result<Key> PemStore::key_of(const ObjectFile& file, std::size_t object, const Entry& entry,
                             Passphrase& passphrase) const {
  const Block& block = file.objects()[object];
  if (form_of(block) == Form::reference) {
    const auto octets = block_octets(block, file.text());
    if (!octets) return Failure(in_block(file, object, octets.error()));
    const auto reference = Reference::parse(block.label, octets->view());
    if (!reference) return Failure(in_block(file, object, reference.error()));
    return open_reference(*reference, *context_.registry, context_.options,
                          context_.options.config->openssl.pin);
  }
  auto pkcs8 = private_key_octets(block, file.text(), passphrase);
  if (!pkcs8) return Failure(in_block(file, object, pkcs8.error()));
  auto key = make_software_key(std::move(*pkcs8), entry);
  if (!key) return Failure(in_block(file, object, key.error()));
  return Key(std::move(*key));
}

}  // namespace keystore::pem
