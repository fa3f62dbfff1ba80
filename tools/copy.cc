#include "tools/copy.h"

#include <fmt/format.h>

#include <algorithm>

#include "keystore/internal/chain.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

/// What is copied, taken out of the source before the destination is touched.
struct Load {
  struct PrivateKey {
    Secret pkcs8;
    std::string label;
    Bytes id;
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
  const Waiting waiting("writing into", request.destination);
  return put(*load, *store, object);
}

namespace {

void add_new(std::vector<Certificate>& certificates, const Certificate& certificate) {
  if (std::ranges::find(certificates, certificate) == certificates.end()) {
    certificates.push_back(certificate);
  }
}

/// What lies beside a key in its store belongs to it, also where the URI names the key alone.
void add_beside(const Store& store, Load& load) {
  if (load.keys.size() != 1) return;
  const auto identity = store.identity();
  if (!identity) return;
  add_new(load.certificates, identity->leaf());
  for (const auto& issuer : identity->chain()) add_new(load.certificates, issuer);
}

bool is_for(const Certificate& certificate, const std::vector<PublicKey>& keys) {
  const auto own = certificate.public_key();
  return own && std::ranges::find(keys, *own) != keys.end();
}

bool issues_another(const Certificate& issuer, const std::vector<Certificate>& certificates) {
  return std::ranges::any_of(certificates, [&](const Certificate& other) {
    return other != issuer && other.issuer_der() == issuer.subject_der();
  });
}

/// The certificates of the keys, then those that have issued no other.
std::vector<Certificate> leaves_of(const std::vector<Certificate>& certificates,
                                   const std::vector<PublicKey>& keys) {
  std::vector<Certificate> leaves;
  for (const auto& each : certificates) {
    if (is_for(each, keys)) add_new(leaves, each);
  }
  for (const auto& each : certificates) {
    if (!issues_another(each, certificates)) add_new(leaves, each);
  }
  return leaves;
}

/// Each leaf with its issuers behind it, as a server sends them; issuers that are missing are taken
/// from `more`; roots and the rest come last.
std::vector<Certificate> in_order(const std::vector<Certificate>& leaves,
                                  const std::vector<Certificate>& certificates,
                                  const std::vector<Certificate>& more) {
  auto candidates = certificates;
  candidates.insert(candidates.end(), more.begin(), more.end());
  std::vector<Certificate> ordered;
  for (const auto& leaf : leaves) {
    add_new(ordered, leaf);
    for (const auto& issuer : build_chain(leaf, candidates)) add_new(ordered, issuer);
  }
  for (const auto& each : certificates) add_new(ordered, each);
  return ordered;
}

std::vector<PublicKey> public_keys_of(const Load& load) {
  std::vector<PublicKey> keys;
  for (const auto& key : load.keys) {
    if (key.public_key) keys.push_back(*key.public_key);
  }
  return keys;
}

/// Secret keys in files are read by nobody here.
void tell_what_stays(const Store& store) {
  const auto secrets = store.find_entries({.kind = EntryKind::secret_key});
  if (!secrets || secrets->items.empty() || secrets->items.front().custody != Custody::file) return;
  print_warning(fmt::format("{} secret keys of {} are not copied", secrets->items.size(),
                            store.uri().canonical()));
}

Result<Load> take(const CopyRequest& request) {
  const auto store = open_store(request.source, request.source_secret);
  if (!store) return Failure(store.error());
  const Waiting waiting("reading", request.source);
  const auto keys = store->find_keys();
  if (!keys) return Failure(keys.error());
  auto certificates = store->find_certificates();
  if (!certificates) return Failure(certificates.error());
  // What can be read in part only does not pass as the whole.
  if (!keys->skipped.empty()) return Failure(keys->skipped.front());
  if (!certificates->skipped.empty()) return Failure(certificates->skipped.front());
  if (keys->items.empty() && certificates->items.empty()) {
    return fail(Errc::not_found,
                fmt::format("there is no key and no certificate at {}", store->uri().canonical()));
  }
  Load load{.certificates = std::move(certificates->items)};
  for (const auto& key : keys->items) {
    auto pkcs8 = key.export_pkcs8(insecure_export_permit());
    if (!pkcs8) return Failure(pkcs8.error());
    load.keys.push_back({*std::move(pkcs8), key.label(), key.id(), key.public_key()});
  }
  add_beside(*store, load);
  tell_what_stays(*store);
  const auto leaves = leaves_of(load.certificates, public_keys_of(load));
  const auto more = request.issuers.find(leaves, load.certificates);
  if (!more) return Failure(more.error());
  load.certificates = in_order(leaves, load.certificates, *more);
  return load;
}

/// An issuer that several identities share is there already.
bool is_among(const Certificate& certificate, const std::vector<Entry>& entries) {
  return std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
    return entry.certificate && *entry.certificate == certificate;
  });
}

/// Label and id of the key that a certificate is for: it came along, or the token holds it.
std::optional<NewObject> beside_key(const Certificate& certificate, const std::vector<Entry>& keys,
                                    const NewObject& object) {
  const auto public_key = certificate.public_key();
  if (!public_key) return std::nullopt;
  const auto key = std::find_if(keys.begin(), keys.end(), [&](const Entry& entry) {
    return entry.kind == EntryKind::private_key && entry.public_key == *public_key;
  });
  if (key == keys.end()) return std::nullopt;
  auto beside = object;
  if (beside.label.empty()) beside.label = key->label;
  if (beside.id.empty()) beside.id = key->id;
  return beside;
}

/// What the URI names is the key; its issuers go by their own names.
NewObject as_issuer(const Certificate& certificate, NewObject object) {
  const auto key = certificate.public_key();
  if (object.label.empty()) object.label = certificate.subject();
  if (object.id.empty() && key) object.id = key->key_identifier();
  return object;
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
  const auto& uri = store.uri();
  const bool named = uri.path_attribute("object") || uri.path_attribute("id");
  // A label or id that was asked for is the key's; without a key, the one certificate's.
  if (!load.keys.empty() || load.certificates.size() > 1) {
    object.label.clear();
    object.id.clear();
  }
  for (const auto& certificate : load.certificates) {
    const bool first = &certificate == &load.certificates.front();
    const auto alone = first || !named ? object : as_issuer(certificate, object);
    auto entry = store.importer()->import_certificate(
        certificate, beside_key(certificate, keys, object).value_or(alone));
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

/// In one piece, where the store is a file.
Result<std::vector<Entry>> put_bundle(const Load& load, BundleImporter& importer,
                                      const NewObject& object) {
  std::vector<NewItem> items;
  for (const auto& key : load.keys) {
    items.push_back({.pkcs8 = &key.pkcs8,
                     .label = object.label.empty() ? key.label : object.label,
                     .id = object.id.empty() ? key.id : object.id});
  }
  const bool alone = load.keys.empty() && load.certificates.size() == 1;
  for (const auto& certificate : load.certificates) {
    items.push_back({.certificate = certificate,
                     .label = alone ? object.label : "",
                     .id = alone ? object.id : Bytes()});
  }
  return importer.import_bundle(items, object);
}

Result<std::vector<Entry>> put(const Load& load, const Store& store, NewObject object) {
  if (auto* bundle = store.bundle_importer()) return put_bundle(load, *bundle, object);
  std::vector<Entry> made;
  auto done = put_keys(load, store, object, made);
  if (done) done = put_certificates(load, store, object, made);
  if (done) return made;
  // Of a file that was replaced there is a backup: what came in its place is not made less.
  return Failure(object.replace ? done.error() : take_back(done.error(), store, made));
}

}  // namespace
}  // namespace keystore::cli
