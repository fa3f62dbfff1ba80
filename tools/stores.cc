#include "tools/stores.h"

#include <fmt/format.h>

#include <algorithm>

#include "keystore/internal/policy.h"
#include "tools/progress.h"

namespace keystore::cli {
namespace {

bool is_half_of(const Entry& public_key, const Entry& private_key);
Result<Entry> only_one(const Listing<Entry>& found, std::string_view what, const Store& store);

}  // namespace

Result<void> check_data(const std::string& uri) {
  const auto parsed = Uri::parse(uri);
  if (!parsed) return Failure(parsed.error());
  const auto config = process_config();
  if (!config) return Failure(config.error());
  return check_data_uri(**config, *parsed);
}

Result<Store> open_store(const std::string& uri, const SecretOption& pin) {
  const auto options = open_options(pin);
  if (!options) return Failure(options.error());
  const Waiting waiting("opening", uri);
  return open(uri, *options);
}

Result<Uri> new_file_uri(const std::string& text) {
  constexpr std::string_view file = "file:";
  auto uri = Uri::parse(text);
  if (!uri || uri->scheme() != "file") return uri;
  const auto& path = uri->path();
  if (!path.ends_with(".p12") && !path.ends_with(".pfx")) return uri;
  const auto full = text.starts_with(file) ? text : uri->canonical();
  return Uri::parse("pfx:" + full.substr(file.size()));
}

Result<Store> open_new_store(const std::string& uri, const SecretOption& pin) {
  auto options = open_options(pin);
  if (!options) return Failure(options.error());
  options->create = true;
  const auto place = new_file_uri(uri);
  if (!place) return Failure(place.error());
  const Waiting waiting("opening", uri);
  return open(*place, *options);
}

Result<Key> open_key(const std::string& uri, const SecretOption& pin) {
  const auto store = open_store(uri, pin);
  if (!store) return Failure(store.error());
  const Waiting waiting("looking for", uri);
  return store->key();
}

Result<Entry> one_entry(const Store& store) {
  const Waiting waiting("looking for", store.uri().canonical());
  auto found = store.find_entries();
  if (!found) return Failure(found.error());
  auto& items = found->items;
  const auto halves = std::remove_if(items.begin(), items.end(), [all = items](const Entry& entry) {
    return std::any_of(all.begin(), all.end(),
                       [&](const Entry& other) { return is_half_of(entry, other); });
  });
  items.erase(halves, items.end());
  return only_one(*found, "object", store);
}

Result<Certificate> one_certificate(const Store& store) {
  auto found = store.find_entries();
  if (!found) return Failure(found.error());
  std::erase_if(found->items, [](const Entry& entry) { return !entry.certificate; });
  auto entry = only_one(*found, "certificate", store);
  return entry ? *std::move(entry->certificate) : Result<Certificate>(Failure(entry.error()));
}

Result<std::vector<Certificate>> open_certificates(const std::string& uri,
                                                   const SecretOption& pin) {
  const Waiting waiting("reading", uri);
  const auto store = open_store(uri, pin);
  if (!store) return Failure(store.error());
  auto found = store->find_certificates();
  if (!found) return Failure(found.error());
  if (!found->items.empty()) return std::move(found->items);
  // Tokens that hold certificates are not searched a second time.
  const auto anchors = store->find_entries({.kind = EntryKind::trust_anchor});
  if (!anchors) return Failure(anchors.error());
  for (const auto& anchor : anchors->items) {
    if (anchor.certificate) found->items.push_back(*anchor.certificate);
  }
  if (!found->items.empty()) return std::move(found->items);
  if (!found->skipped.empty()) return Failure(found->skipped.front());
  return fail(Errc::not_found,
              fmt::format("there is no certificate at {}", store->uri().canonical()));
}

namespace {

bool is_half_of(const Entry& public_key, const Entry& private_key) {
  if (public_key.kind != EntryKind::public_key || private_key.kind != EntryKind::private_key) {
    return false;
  }
  return public_key.id == private_key.id && public_key.label == private_key.label &&
         public_key.public_key == private_key.public_key;
}

Result<Entry> only_one(const Listing<Entry>& found, std::string_view what, const Store& store) {
  const auto& items = found.items;
  if (items.size() == 1) return items.front();
  const auto asked = store.uri().canonical();
  if (items.empty()) {
    if (!found.skipped.empty()) return Failure(found.skipped.front());
    return fail(Errc::not_found, fmt::format("there is no {} at {}", what, asked));
  }
  auto message = fmt::format("{} matches {} {}s:", asked, items.size(), what);
  for (const auto& entry : items) message += ' ' + entry.uri.canonical();
  return fail(Errc::ambiguous, message, "ask for one of them by its URI");
}

}  // namespace
}  // namespace keystore::cli
