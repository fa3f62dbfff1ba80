#include "tools/copy.h"

#include <fmt/format.h>

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
Result<std::vector<Entry>> put(const Load& load, Importer& importer, NewObject object);

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
  auto* const importer = store->importer();
  if (!importer) {
    return fail(Errc::unsupported, fmt::format("{} is read-only", store->uri().canonical()));
  }
  return put(*load, *importer, object);
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

/// The object that a certificate becomes: with its key's label and id where the key came along.
NewObject beside_key(const Certificate& certificate, const Load& load,
                     const std::vector<Entry>& made, const NewObject& object) {
  NewObject beside = object;
  const auto public_key = certificate.public_key();
  for (std::size_t at = 0; public_key && at < load.keys.size(); ++at) {
    if (load.keys[at].public_key != *public_key) continue;
    beside.label = made[at].label;
    beside.id = made[at].id;
    return beside;
  }
  if (!load.keys.empty()) {
    beside.label.clear();
    beside.id.clear();
  }
  return beside;
}

Result<std::vector<Entry>> put(const Load& load, Importer& importer, NewObject object) {
  std::vector<Entry> made;
  const auto label = object.label;
  for (const auto& key : load.keys) {
    object.label = label.empty() && load.keys.size() > 1 ? key.label : label;
    auto entry = importer.import_key(key.pkcs8, object);
    if (!entry) return Failure(entry.error());
    made.push_back(*std::move(entry));
    object.replace = false;
  }
  object.label = label;
  for (const auto& certificate : load.certificates) {
    auto entry =
        importer.import_certificate(certificate, beside_key(certificate, load, made, object));
    if (!entry) {
      auto error = entry.error();
      if (!made.empty()) error.message += fmt::format("; {} objects were imported", made.size());
      return Failure(std::move(error));
    }
    made.push_back(*std::move(entry));
    object.replace = false;
  }
  return made;
}

}  // namespace
}  // namespace keystore::cli
