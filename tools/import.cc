#include <fmt/format.h>

#include <memory>

#include "tools/commands.h"
#include "tools/new_object.h"
#include "tools/output.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string source = {};
  std::string destination = {};
  SecretOption pin = {};
  NewObjectOptions object = {};
};

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

Result<int> import(const Options& options, bool json);
Result<Load> take(const Options& options);
Result<std::vector<Entry>> put(const Load& load, Importer& importer, NewObject object);

}  // namespace

void add_import(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("import", "Copy keys and certificates into a store");
  const auto options = std::make_shared<Options>();
  command->add_option("SRC", options->source, "Where they are")->required();
  command->add_option("DST", options->destination, "The token or the file that gets them")
      ->required();
  add_secret(*command, "--pin", options->pin, "PIN of the token");
  options->object.add_to(*command);
  add_json(*command, context);
  add_example(*command, "keystore import web.pem 'pkcs11:token=prod' --label web");
  context.on(*command, [options, &context] { return import(*options, context.json); });
}

namespace {

Result<int> import(const Options& options, bool json) {
  const auto load = take(options);
  if (!load) return Failure(load.error());
  const auto wanted = options.object.read(options.destination);
  if (!wanted) return Failure(wanted.error());
  const auto store = open_new_store(options.destination, options.pin);
  if (!store) return Failure(store.error());
  auto* const importer = store->importer();
  if (!importer) {
    return fail(Errc::unsupported, fmt::format("{} is read-only", store->uri().canonical()));
  }
  auto object = wanted->object();
  if (load->keys.size() > 1 && !(object.label.empty() && object.id.empty())) {
    return fail(Errc::invalid_argument, fmt::format("--label and --id are for one key; {} holds {}",
                                                    options.source, load->keys.size()));
  }
  const auto made = put(*load, *importer, std::move(object));
  if (!made) return Failure(made.error());
  return print_entries(*made, json);
}

/// A token's secret is `--pin`, a file's is `--passphrase`.
const SecretOption& secret_of_source(const Options& options) {
  const bool is_token = options.source.starts_with("pkcs11:");
  return is_token || options.object.passphrase.text.empty() ? options.pin
                                                            : options.object.passphrase;
}

Result<Load> take(const Options& options) {
  const auto store = open_store(options.source, secret_of_source(options));
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
