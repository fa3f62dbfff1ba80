#include <fmt/format.h>

#include <memory>

#include "keystore/config.h"
#include "keystore/file.h"
#include "keystore/reference.h"
#include "tools/commands.h"
#include "tools/io.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string uri = {};
  std::string out = "-";
  std::string refresh = {};
  std::string certificate = {};
  SecretOption pin = {};
  bool no_pin_source = false;
  bool force = false;
};

Result<int> write_reference(const Options& options, bool json);
Result<int> refresh_reference(const Options& options, bool json);
Result<Reference> make_reference(const Key& key, const Uri& asked, const Options& options);
Result<Uri> uri_for_data(const Uri& uri, Uri asked, const Options& options);
Result<std::string> replace_block(std::string_view text, const std::string& block);
int print_written(const Reference& reference, const std::string& file, bool json);

}  // namespace

void add_ref(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("ref", "Write a reference PEM: it stands where a key file stood");
  const auto options = std::make_shared<Options>();
  command->add_option("URI", options->uri, "A key on a token");
  command->add_option("--out", options->out, "File to write, mode 0600; -: standard output");
  command->add_option("--refresh", options->refresh,
                      "Write the reference in this file anew from what the token shows now");
  add_secret(*command, "--pin", options->pin,
             "PIN; file: and cred: are written into the reference");
  command->add_option("--certificate", options->certificate,
                      "The key's certificate: what it restricts the key to is written too");
  command->add_flag("--no-pin-source", options->no_pin_source, "Write no PIN source");
  command->add_flag("--force", options->force,
                    "Replace the file, or a key that is another one now");
  add_json(*command, context);
  add_example(*command,
              "keystore ref 'pkcs11:token=prod;object=web' --pin cred:web-pin --out web.key");
  context.on(*command, [options, &context]() -> Result<int> {
    if (options->uri.empty() == options->refresh.empty()) {
      return fail(Errc::invalid_argument, "ref wants a URI or --refresh FILE",
                  "see keystore ref --help");
    }
    if (options->uri.empty()) return refresh_reference(*options, context.json);
    return write_reference(*options, context.json);
  });
}

namespace {

Result<int> write_reference(const Options& options, bool json) {
  const auto asked = Uri::parse(options.uri);
  if (!asked) return Failure(asked.error());
  const auto key = open_key(options.uri, options.pin);
  if (!key) return Failure(key.error());
  const auto reference = make_reference(*key, *asked, options);
  if (!reference) return Failure(reference.error());
  const auto pem = reference->to_pem();
  if (!pem) return Failure(pem.error());
  if (options.out == "-" && json) {
    print_json({{"uri", reference->uri.canonical()}, {"reference", *pem}});
    return 0;
  }
  const auto written = write_output(options.out, as_bytes(*pem), options.force, 0600);
  if (!written) return Failure(written.error());
  return options.out == "-" ? 0 : print_written(*reference, options.out, json);
}

Result<int> refresh_reference(const Options& options, bool json) {
  const auto file = read_file(options.refresh);
  if (!file) return Failure(file.error());
  const auto old = Reference::parse_pem(as_text(file->view()));
  if (!old) return Failure(old.error());
  if (const auto good = check_data(old->uri.canonical_with_pin_source()); !good)
    return Failure(good.error());
  const auto key = open_key(old->uri.canonical_with_pin_source(), options.pin);
  if (!key) return Failure(key.error());
  const auto reference = make_reference(*key, old->uri, options);
  if (!reference) return Failure(reference.error());
  if (old->public_key && old->public_key != reference->public_key && !options.force) {
    return fail(Errc::key_mismatch,
                fmt::format("the key at {} is not the one that {} was written for",
                            reference->uri.canonical(), options.refresh),
                "give --force if the key was replaced on purpose");
  }
  const auto pem = reference->to_pem();
  if (!pem) return Failure(pem.error());
  const auto text = replace_block(as_text(file->view()), *pem);
  if (!text) return Failure(text.error());
  const auto written = write_output(options.refresh, as_bytes(*text), true, 0600);
  if (!written) return Failure(written.error());
  return print_written(*reference, options.refresh, json);
}

Result<Reference> make_reference(const Key& key, const Uri& asked, const Options& options) {
  if (key.uri().scheme() == "file") {
    return fail(Errc::invalid_argument,
                fmt::format("{} is a key file that OpenSSL reads: a reference to it has no use",
                            key.uri().canonical()));
  }
  if (!key.public_key()) {
    return fail(Errc::unsupported,
                fmt::format("the token shows no public key for {}", key.uri().canonical()),
                "put the public key or the certificate onto the token");
  }
  auto uri = uri_for_data(key.uri(), asked, options);
  if (!uri) return Failure(uri.error());
  auto reference = Reference::to_key(*std::move(uri), key);
  if (options.certificate.empty()) return reference;
  const auto certificates = open_certificates(options.certificate, {});
  if (!certificates) return Failure(certificates.error());
  const auto half = certificates->front().public_key();
  if (!half) return Failure(half.error());
  if (auto used = reference.use_public_key(*half); !used) return Failure(used.error());
  return reference;
}

/// The key's URI as a file may hold it; everything else would be refused when the file is loaded.
Result<Uri> uri_for_data(const Uri& uri, Uri asked, const Options& options) {
  const auto given = options.pin.source();
  if (!given) return Failure(given.error());
  if (options.no_pin_source) {
    asked = asked.without_query_attribute("pin-source");
  } else if (*given) {
    asked = asked.with_query_attribute("pin-source", (*given)->to_string());
  }
  const auto config = process_config();
  if (!config) return Failure(config.error());
  auto result = reference_uri(uri, asked, **config);
  const auto module = asked.query_attribute("module-path");
  if (module && !result.query_attribute("module-path")) {
    print_warning(
        fmt::format("module-path {} is left out: the configuration does not list it", *module));
  }
  return result;
}

/// Certificates beside the reference stay where they are.
Result<std::string> replace_block(std::string_view text, const std::string& block) {
  for (const auto label : {Reference::pem_label, Reference::pkcs11_provider_pem_label}) {
    const auto end_line = fmt::format("-----END {}-----", label);
    const auto begin = text.find(fmt::format("-----BEGIN {}-----", label));
    const auto end = text.find(end_line, begin == text.npos ? 0 : begin);
    if (begin == text.npos || end == text.npos) continue;
    auto after = end + end_line.size();
    if (after < text.size() && text[after] == '\r') ++after;
    if (after < text.size() && text[after] == '\n') ++after;
    return std::string(text.substr(0, begin)) + block + std::string(text.substr(after));
  }
  return fail(Errc::not_found, "there is no reference in the file");
}

int print_written(const Reference& reference, const std::string& file, bool json) {
  if (json) {
    print_json({{"uri", reference.uri.canonical()}, {"out", file}});
  } else {
    print_line(file);
  }
  return 0;
}

}  // namespace
}  // namespace keystore::cli
