#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "backends/pfx/encode.h"
#include "backends/pfx/store.h"
#include "keystore/file.h"
#include "keystore/internal/rewriting.h"
#include "keystore/internal/software_key.h"

// The half of PfxStore that changes the file.

namespace keystore::pfx {
namespace {

bool is_there(const std::string& path);
bool is_key(const Object* object);
Result<Object> object_of(const NewItem& item);
void pair_with(std::vector<Object>& fresh, const std::vector<Object>& keys);
bool is_older_form_of(const Object& old, const Object& object);

}  // namespace

Result<Entry> PfxStore::import_key(const Secret& pkcs8, const NewObject& object) {
  const NewItem item{.pkcs8 = &pkcs8, .label = object.label, .id = object.id};
  auto made = import_bundle({&item, 1}, object);
  if (!made) return Failure(made.error());
  return std::move(made->front());
}

Result<Entry> PfxStore::import_certificate(const Certificate& certificate,
                                           const NewObject& object) {
  const NewItem item{.certificate = certificate, .label = object.label, .id = object.id};
  auto made = import_bundle({&item, 1}, object);
  if (!made) return Failure(made.error());
  return std::move(made->front());
}

Result<Key> PfxStore::generate_key(const KeySpec& spec, const NewObject& object) {
  return generate_into(*this, spec, object);
}

Result<std::vector<Entry>> PfxStore::import_bundle(std::span<const NewItem> items,
                                                   const NewObject& object) {
  std::vector<Object> fresh;
  for (const auto& item : items) {
    auto made = object_of(item);
    if (!made) return Failure(made.error());
    fresh.push_back(std::move(*made));
  }
  if (is_there(path_) && !made_ && !object.replace) {
    return fail(Errc::already_exists, fmt::format("{} exists already", path_),
                "name another file, or have this one replaced (--force), which keeps a backup");
  }
  const auto passphrase = passphrase_for(object);
  if (!passphrase) return Failure(passphrase.error());
  const std::lock_guard lock(change_mutex_);
  const bool exists = is_there(path_);
  const auto old = exists ? content_to_change(*passphrase) : nullptr;
  if (!old) return Failure(old.error());
  if (*old != nullptr) pair_with(fresh, (*old)->bundle.objects);
  pair_with(fresh, fresh);
  std::vector<const Object*> all;
  for (const auto& made : fresh) all.push_back(&made);
  if (*old != nullptr) {
    for (const auto& each : (*old)->bundle.objects) {
      const auto replaces = [&](const Object& made) { return is_older_form_of(each, made); };
      if (std::ranges::none_of(fresh, replaces)) all.push_back(&each);
    }
  }
  std::stable_partition(all.begin(), all.end(), is_key);
  const auto written = write(all, *passphrase, object.legacy);
  if (!written) return Failure(written.error());
  std::vector<Entry> entries;
  for (const auto& made : fresh) {
    const auto place = std::ranges::find(all, &made) - all.begin();
    entries.push_back((*written)->items[static_cast<std::size_t>(place)].entry);
  }
  return entries;
}

Result<void> PfxStore::remove(const Entry& entry) {
  const auto seen = content();
  if (!seen) return Failure(seen.error());
  const auto gone = [&] {
    return fail(Errc::not_found, fmt::format("'{}' is gone", entry.uri.canonical()));
  };
  if (*seen == nullptr) return gone();
  const std::lock_guard lock(change_mutex_);
  const auto now = content_to_change((*seen)->passphrase);
  if (!now) return Failure(now.error());
  std::vector<const Object*> rest;
  for (std::size_t place = 0; place < (*now)->items.size(); ++place) {
    const auto& other = (*now)->items[place].entry;
    const bool same = other.uri == entry.uri && other.kind == entry.kind &&
                      other.public_key == entry.public_key &&
                      other.certificate == entry.certificate;
    if (!same) rest.push_back(&(*now)->bundle.objects[place]);
  }
  if (rest.size() == (*now)->items.size()) return gone();
  if (rest.empty()) return delete_file(path_);
  // No backup: it would keep what its owner wants gone.
  made_ = true;
  const auto written = write(rest, (*now)->passphrase, false);
  if (!written) return Failure(written.error());
  return {};
}

Result<Secret> PfxStore::passphrase_for(const NewObject& object) const {
  if (object.passphrase != nullptr) return object.passphrase->clone();
  if (const auto known = kept(); made_ && known != nullptr) return known->passphrase.clone();
  using What = PinRequest::What;
  return read_pin(
      uri_, context_.options,
      {.what = is_there(path_) ? What::passphrase : What::new_passphrase, .object = path_});
}

Result<std::shared_ptr<const PfxStore::Content>> PfxStore::content_to_change(
    const Secret& passphrase) const {
  auto file = read_file(path_);
  if (!file) return Failure(file.error());
  const auto before = kept();
  const bool known = before != nullptr && before->file == *file && before->passphrase == passphrase;
  auto old = known ? Result<std::shared_ptr<const Content>>(before)
                   : read(std::move(*file), [&] { return Result<Secret>(passphrase.clone()); });
  if (!old) return old;
  if (auto allowed = check_rewrite(**old); !allowed) return Failure(allowed.error());
  return old;
}

/// A bundle is written anew: what is not understood would be lost.
Result<void> PfxStore::check_rewrite(const Content& content) const {
  const auto faulty =
      std::ranges::find_if(content.items, [](const Item& item) { return item.fault.has_value(); });
  if (faulty != content.items.end()) return Failure(*faulty->fault);
  if (!content.bundle.holds_more) return {};
  return fail(Errc::unsupported,
              fmt::format("{} is not changed: it holds revocation lists or secrets", path_),
              "they would be lost: name another file");
}

/// What was written is read once more before it takes the place of anything.
Result<std::shared_ptr<const PfxStore::Content>> PfxStore::write(
    const std::vector<const Object*>& objects, const Secret& passphrase, bool legacy) {
  auto der = encode_bundle(objects, passphrase, legacy ? Protection::legacy : Protection::modern);
  if (!der) return Failure(der.error());
  auto made = read(std::move(*der), [&] { return Result<Secret>(passphrase.clone()); });
  if (!made) return made;
  auto options = rewriting(path_);
  options.backup = !made_;
  const auto written = write_file(path_, (*made)->file.view(), options);
  if (!written) return Failure(written.error());
  made_ = true;
  keep(*made);
  return made;
}

namespace {

/// Also a link that leads nowhere.
bool is_there(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

bool is_key(const Object* object) { return object->kind == EntryKind::private_key; }

/// A key gets an id, by which its certificate is found.
Result<Object> object_of(const NewItem& item) {
  Object object{.label = item.label, .id = item.id};
  if (item.pkcs8 == nullptr) {
    object.kind = EntryKind::certificate;
    object.certificate = item.certificate->der();
    return object;
  }
  const auto key = make_software_key(item.pkcs8->clone(), {.uri = Uri::from_path("/new")});
  if (!key) return Failure(key.error());
  object.pkcs8 = item.pkcs8->clone();
  const auto& public_key = (*key)->entry().public_key;
  if (object.id.empty() && public_key) object.id = public_key->key_identifier();
  return object;
}

std::optional<PublicKey> public_key_of(const Object& object) {
  if (object.kind == EntryKind::certificate) {
    const auto certificate = Certificate::parse(object.certificate);
    const auto key = certificate ? certificate->public_key() : Failure(certificate.error());
    return key ? std::optional(*key) : std::nullopt;
  }
  const auto key = make_software_key(object.pkcs8.clone(), {.uri = Uri::from_path("/old")});
  return key ? (*key)->entry().public_key : std::nullopt;
}

/// The certificates of `keys` among `fresh` get id and name of their key.
void pair_with(std::vector<Object>& fresh, const std::vector<Object>& keys) {
  for (const auto& key : keys) {
    if (!is_key(&key)) continue;
    const auto public_key = public_key_of(key);
    if (!public_key) continue;
    for (auto& object : fresh) {
      if (is_key(&object) || public_key_of(object) != public_key) continue;
      if (object.id.empty()) object.id = key.id;
      if (object.label.empty()) object.label = key.label;
    }
  }
}

/// The same key, or a certificate of the same names and key.
bool is_older_form_of(const Object& old, const Object& object) {
  if (old.kind != object.kind) return false;
  if (old.kind == EntryKind::private_key) {
    return old.pkcs8 == object.pkcs8 ||
           (public_key_of(old) && public_key_of(old) == public_key_of(object));
  }
  const auto before = Certificate::parse(old.certificate);
  const auto after = Certificate::parse(object.certificate);
  return before && after && before->subject_der() == after->subject_der() &&
         before->issuer_der() == after->issuer_der();
}

}  // namespace
}  // namespace keystore::pfx
