#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "bindings/openssl/x509/request.h"
#include "keystore/uri.h"
#include "tools/ask.h"
#include "tools/commands.h"
#include "tools/holder.h"
#include "tools/holder_form.h"
#include "tools/io.h"
#include "tools/new_object.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string uri = {};
  std::string type = {};
  HolderOptions holder = {};
  std::string renew = {};
  std::string out = "-";
  SecretOption pin = {};
  bool force = false;

  /// Nobody said whom the request names.
  bool asks() const { return renew.empty() && holder.subject.empty() && holder.names.empty(); }
};

Result<int> request(const Options& options, bool json);
Result<void> keep_files(const Options& options);
Result<std::optional<Key>> existing_key(const Options& options);
Result<std::string> type_of_new_key(const Options& options);
Result<Key> new_key(const Options& options, const KeySpec& spec);
Result<openssl::RequestSpec> holder_of(const Options& options);

}  // namespace

void add_csr(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("csr", "Make a certificate request (PKCS#10)");
  const auto options = std::make_shared<Options>();
  command->add_option("URI", options->uri, "The key")->required();
  command->add_option("--type", options->type,
                      "Make the key first: rsa:3072, ec:p256, ec:p384, ec:p521, ed25519 or ed448");
  options->holder.add_to(*command);
  command->add_option("--renew", options->renew, "Subject and names as in this certificate")
      ->type_name("CERT");
  command->add_option("--out", options->out, "PEM file; -: standard output");
  add_secret(*command, "--pin,--passphrase", options->pin, "PIN or passphrase of the key");
  command->add_flag("--force", options->force,
                    "Replace --out and, with --type, the key's file, keeping backups");
  add_json(*command, context);
  add_example(
      *command,
      "keystore csr 'pkcs11:token=prod;object=web' --subject CN=web --san dns:example.org\n  "
      "keystore csr web.key --type ec:p256 --out web.csr      (asks, field by field)");
  context.on(*command, [options, &context] { return request(*options, context.json); });
}

namespace {

constexpr std::string_view usual_type = "ec:p256";

Result<int> request(const Options& options, bool json) {
  if (const auto kept = keep_files(options); !kept) return Failure(kept.error());
  const auto there = existing_key(options);
  if (!there) return Failure(there.error());
  const auto type = *there ? Result<std::string>() : type_of_new_key(options);
  if (!type) return Failure(type.error());
  const auto spec = *there ? Result<KeySpec>(KeySpec{}) : KeySpec::parse(*type);
  if (!spec) return Failure(spec.error());
  const auto holder = holder_of(options);
  if (!holder) return Failure(holder.error());
  if (const auto good = openssl::check_holder(*holder); !good) return Failure(good.error());
  const auto key = *there ? Result<Key>(**there) : new_key(options, *spec);
  if (!key) return Failure(key.error());
  const Waiting waiting("signing with", options.uri);
  const auto der = openssl::make_request(*key, *holder);
  if (!der) return Failure(der.error());
  return print_pem("request", openssl::request_to_pem(*der), options.out, options.force, json);
}

Result<void> keep_file(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  return fail(Errc::already_exists, fmt::format("{} exists already", path),
              "--force replaces it and keeps a backup");
}

/// Before anybody is asked.
Result<void> keep_files(const Options& options) {
  if (options.force) return {};
  if (options.out != "-") {
    if (auto kept = keep_file(options.out); !kept) return kept;
  }
  const auto uri = Uri::parse(options.uri);
  if (options.type.empty() || !uri || uri->scheme() == "pkcs11") return {};
  return keep_file(uri->path());
}

/// Empty where a key is to be made.
Result<std::optional<Key>> existing_key(const Options& options) {
  if (!options.type.empty()) return std::optional<Key>();
  auto key = open_key(options.uri, options.pin);
  if (key) return std::optional(*std::move(key));
  if (key.error().code == Errc::not_found && options.asks() && has_terminal()) {
    return std::optional<Key>();
  }
  return Failure(key.error());
}

Result<std::string> type_of_new_key(const Options& options) {
  if (!options.type.empty()) return options.type;
  auto answer = ask_line(
      fmt::format("There is no key at {}. Type of a new one (rsa:3072, ec:p256, ec:p384, ec:p521, "
                  "ed25519, ed448) [{}]:",
                  options.uri, usual_type));
  return answer && answer->empty() ? std::string(usual_type) : answer;
}

/// A token's secret opens it; that of a file protects the key in it.
Result<Key> new_key(const Options& options, const KeySpec& spec) {
  const auto store = open_new_store(options.uri, options.pin);
  if (!store) return Failure(store.error());
  const auto passphrase =
      store->uri().scheme() == "pkcs11"
          ? Result<std::optional<Secret>>()
          : options.pin.read({.what = PinRequest::What::new_passphrase, .object = options.uri});
  if (!passphrase) return Failure(passphrase.error());
  auto key =
      generate_key(*store, spec,
                   {.replace = options.force, .passphrase = *passphrase ? &**passphrase : nullptr});
  if (key) print_log(fmt::format("made {}", key->uri().canonical()));
  return key;
}

Result<openssl::RequestSpec> holder_of(const Options& options) {
  auto holder = options.holder.spec();
  if (!holder) return holder;
  if (!options.renew.empty()) {
    const auto old = open_certificates(options.renew, {});
    if (!old) return Failure(old.error());
    auto renewal = openssl::renewal_of(old->front());
    if (!holder->subject.empty()) renewal.subject_der.clear();
    renewal.subject = holder->subject;
    if (!holder->names.empty()) renewal.names = holder->names;
    return renewal;
  }
  if (!options.asks()) return holder;
  if (has_terminal()) return ask_holder();
  return fail(Errc::invalid_argument, "a request needs --subject or --san",
              "without a terminal nobody can be asked for them");
}

}  // namespace
}  // namespace keystore::cli
