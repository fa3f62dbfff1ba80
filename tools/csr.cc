#include <fmt/format.h>

#include <memory>

#include "bindings/openssl/x509/request.h"
#include "tools/ask.h"
#include "tools/commands.h"
#include "tools/holder.h"
#include "tools/io.h"
#include "tools/output.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string uri = {};
  HolderOptions holder = {};
  std::string renew = {};
  std::string out = "-";
  SecretOption pin = {};
  bool force = false;
};

Result<int> request(const Options& options, bool json);
Result<openssl::RequestSpec> holder_of(const Options& options);
Result<std::string> ask_subject();

}  // namespace

void add_csr(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("csr", "Make a certificate request (PKCS#10)");
  const auto options = std::make_shared<Options>();
  command->add_option("URI", options->uri, "The key")->required();
  options->holder.add_to(*command);
  command->add_option("--renew", options->renew, "Subject and names as in this certificate")
      ->type_name("CERT");
  command->add_option("--out", options->out, "PEM file; -: standard output");
  add_secret(*command, "--pin,--passphrase", options->pin, "PIN or passphrase");
  command->add_flag("--force", options->force, "Replace --out, keeping a backup");
  add_json(*command, context);
  add_example(*command,
              "keystore csr 'pkcs11:token=prod;object=web' --subject CN=web --san dns:example.org");
  context.on(*command, [options, &context] { return request(*options, context.json); });
}

namespace {

Result<int> request(const Options& options, bool json) {
  const auto holder = holder_of(options);
  if (!holder) return Failure(holder.error());
  const auto key = open_key(options.uri, options.pin);
  if (!key) return Failure(key.error());
  const auto der = openssl::make_request(*key, *holder);
  if (!der) return Failure(der.error());
  return print_pem("request", openssl::request_to_pem(*der), options.out, options.force, json);
}

Result<openssl::RequestSpec> holder_of(const Options& options) {
  auto holder = options.holder.spec();
  if (!options.renew.empty()) {
    const auto old = open_certificates(options.renew, {});
    if (!old) return Failure(old.error());
    auto renewal = openssl::renewal_of(old->front());
    if (!holder.subject.empty()) renewal.subject_der.clear();
    renewal.subject = holder.subject;
    if (!holder.names.empty()) renewal.names = holder.names;
    return renewal;
  }
  if (holder.subject.empty() && holder.names.empty()) {
    auto subject = ask_subject();
    if (!subject) return Failure(subject.error());
    holder.subject = *std::move(subject);
  }
  return holder;
}

/// Field by field; an empty answer leaves the field out.
Result<std::string> ask_subject() {
  struct Field {
    std::string_view question;
    std::string_view type;
  };
  constexpr Field fields[] = {{"Country, two letters:", "C"},
                              {"State or province:", "ST"},
                              {"Place:", "L"},
                              {"Organisation:", "O"},
                              {"Unit:", "OU"},
                              {"Common name (CN):", "CN"}};
  std::string subject;
  for (const auto& [question, type] : fields) {
    const auto answer = ask_line(question);
    if (!answer && answer.error().code == Errc::cancelled) return Failure(answer.error());
    if (!answer) {
      return fail(Errc::invalid_argument, "a request needs --subject or --san",
                  "without a terminal nobody can be asked for them");
    }
    if (answer->empty()) continue;
    subject += fmt::format("/{}=", type);
    for (const char c : *answer) {
      if (c == '/' || c == '+' || c == '\\') subject += '\\';
      subject += c;
    }
  }
  return subject;
}

}  // namespace
}  // namespace keystore::cli
