#include "tools/copy.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/stores.h"

namespace keystore::cli {
namespace {

/// What is copied, taken out of the source before the destination is touched.
struct Load {
  struct PrivateKey {
    Secret pkcs8;
    std::string label;
    std::optional<PublicKey> public_key;
  };
  std::vector<PrivateKey> keys = {};
  std::vector<Certificate> certificates = {};
};

Result<Load> take(const CopyRequest& request);
Result<std::vector<Entry>> put(const Load& load, const Store& store, NewObject object);

}  // namespace

Result<std::vector<Entry>> copy_objects(const CopyRequest& request) {
  const auto load = take(request);
  if (!load) return Failure(load.error());
  const auto& object = request.object;
  if (load->keys.size() > 1 && !(object.label.empty() && object.id.empty())) {
    return fail(Errc::invalid_argument, fmt::format("a label or id is for one key; {} holds {}",
                                                    request.source, load->keys.size()));
  }
  const auto store = open_new_store(request.destination, request.destination_secret);
  if (!store) return Failure(store.error());
  if (store->importer() == nullptr) {
    return fail(Errc::unsupported, fmt::format("{} is read-only", store->uri().canonical()));
  }
  return put(*load, *store, object);
}

namespace {

Result<Load> take(const CopyRequest& request) {
  const auto store = open_store(request.source, request.source_secret);
  if (!store) return Failure(store.error());
  const auto keys = store->find_keys();
  if (!keys) return Failure(keys.error());
  auto certificates = store->find_certificates();
  if (!certificates) return Failure(certificates.error());
  if (!keys->skipped.empty()) return Failure(keys->skipped.front());
  if (keys->items.empty() && certificates->items.empty()) {
    if (!certificates->skipped.empty()) return Failure(certificates->skipped.front());
    return fail(Errc::not_found,
                fmt::format("there is no key and no certificate at {}", store->uri().canonical()));
  }
  Load load{.certificates = std::move(certificates->items)};
  for (const auto& key : keys->items) {
    auto pkcs8 = key.export_pkcs8(insecure_export_permit());
    if (!pkcs8) return Failure(pkcs8.error());
    load.keys.push_back({*std::move(pkcs8), key.label(), key.public_key()});
  }
  return load;
}

/// An issuer that several identities share is there already.
bool is_among(const Certificate& certificate, const std::vector<Entry>& entries) {
  return std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
    return entry.certificate && *entry.certificate == certificate;
  });
}

/// Label and id of the key that a certificate is for: it came along, or the token holds it.
NewObject beside_key(const Certificate& certificate, const std::vector<Entry>& keys,
                     const NewObject& object) {
  auto beside = object;
  const auto public_key = certificate.public_key();
  if (!public_key) return beside;
  const auto key = std::find_if(keys.begin(), keys.end(), [&](const Entry& entry) {
    return entry.kind == EntryKind::private_key && entry.public_key == *public_key;
  });
  if (key == keys.end()) return beside;
  if (beside.label.empty()) beside.label = key->label;
  if (beside.id.empty()) beside.id = key->id;
  return beside;
}

/// What a key is called where nobody says: as in its source, unless several are called that.
std::string own_label(const Load& load, const Store& store) {
  const bool named = store.uri().path_attribute("object").has_value();
  return named || load.keys.size() != 1 ? "" : load.keys.front().label;
}

Result<void> put_keys(const Load& load, const Store& store, NewObject& object,
                      std::vector<Entry>& made) {
  auto wanted = object;
  if (wanted.label.empty()) wanted.label = own_label(load, store);
  for (const auto& key : load.keys) {
    auto entry = store.importer()->import_key(key.pkcs8, wanted);
    if (!entry) return Failure(entry.error());
    made.push_back(*std::move(entry));
    // The rest goes beside it.
    wanted.replace = object.replace = false;
  }
  return {};
}

Result<void> put_certificates(const Load& load, const Store& store, NewObject object,
                              std::vector<Entry>& made) {
  auto keys = made;
  if (const auto there = store.find_entries()) {
    keys.insert(keys.end(), there->items.begin(), there->items.end());
  }
  // A label or id that was asked for is the key's; without a key, the one certificate's.
  if (!load.keys.empty() || load.certificates.size() > 1) {
    object.label.clear();
    object.id.clear();
  }
  for (const auto& certificate : load.certificates) {
    auto entry =
        store.importer()->import_certificate(certificate, beside_key(certificate, keys, object));
    if (!entry && entry.error().code == Errc::already_exists && is_among(certificate, keys)) {
      if (load.keys.size() + load.certificates.size() > 1) continue;
    }
    if (!entry) return Failure(entry.error());
    made.push_back(*std::move(entry));
    object.replace = false;
  }
  return {};
}

/// Takes off again what was made before a failure, the last first.
Error take_back(Error error, const Store& store, const std::vector<Entry>& made) {
  std::size_t left = 0;
  for (auto entry = made.rbegin(); entry != made.rend(); ++entry) {
    const auto removed = store.remover() == nullptr ? fail(Errc::unsupported, "cannot remove")
                                                    : store.remover()->remove(*entry);
    if (!removed) ++left;
  }
  if (left != 0) error.message += fmt::format("; {} objects that were imported stay", left);
  return error;
}

Result<std::vector<Entry>> put(const Load& load, const Store& store, NewObject object) {
  const bool replaces = object.replace;
  std::vector<Entry> made;
  auto done = put_keys(load, store, object, made);
  if (done) done = put_certificates(load, store, object, made);
  if (done) return made;
  // Of a file that was replaced there is a backup: what came in its place is not made less.
  return Failure(replaces ? done.error() : take_back(done.error(), store, made));
}

}  // namespace
}  // namespace keystore::cli
