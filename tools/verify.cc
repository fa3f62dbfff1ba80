#include <fmt/format.h>

#include <memory>

#include "tools/commands.h"
#include "tools/fetch_options.h"
#include "tools/options.h"
#include "tools/path_options.h"
#include "tools/progress.h"

namespace keystore::cli {
namespace {

struct Options {
  PathOptions path = {};
  FetchLine fetch = {};
  std::string batch = {};
};

Result<int> run(const Options& options, bool json);
void print(const verify::Verdict& verdict);

}  // namespace

void add_verify(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand(
      "verify", "Check a certificate's path to a trust anchor; exit 1 when it is not trusted");
  const auto options = std::make_shared<Options>();
  auto* certificate = command->add_option("CERT", options->path.question.certificate,
                                          "File with the certificate, PEM or DER");
  command
      ->add_option("--batch", options->batch,
                   "One question in JSON per line of FILE, one answer each; -: standard input")
      ->type_name("FILE")
      ->excludes(certificate);
  add_path_options(*command, options->path);
  add_fetch_options(*command, options->fetch);
  add_json(*command, context);
  add_example(*command, "keystore verify web.pem --chain chain.pem --host www.example.org");
  context.on(*command, [options, &context] { return run(*options, context.json); });
}

namespace {

Result<int> run(const Options& options, bool json) {
  const auto fetch = fetch_of(options.fetch);
  if (!options.batch.empty()) return verify_batch(options.batch, fetch);
  if (options.path.question.certificate.empty()) {
    return fail(Errc::invalid_argument, "there is no certificate to verify",
                "name a file, or --batch");
  }
  auto path = options.path;
  if (path.crl_check.empty() && (fetch.ocsp || fetch.crls)) path.crl_check = "chain";
  const auto question = question_of(path);
  if (!question) return Failure(question.error());
  Verifier verifier(fetch);
  const Waiting waiting("verifying", options.path.question.certificate);
  const auto verdict = verifier.run(*question);
  if (!verdict) return Failure(verdict.error());
  if (json) {
    print_json(verdict_json(*verdict));
  } else {
    print(*verdict);
  }
  return verdict->trusted ? 0 : 1;
}

void print(const verify::Verdict& verdict) {
  print_line(verdict.trusted ? "trusted" : "not trusted: " + verdict.reason);
  for (const auto& certificate : verdict.path) print_line("  " + certificate.subject());
  if (!verdict.trusted && verdict.openssl.reason != verdict.reason) {
    print_line("OpenSSL: " + verdict.openssl.reason);
  }
  for (const auto& error : verdict.not_fetched) print_line(error.message);
  if (verdict.botan.verdict == verify::Opinion::disagrees) {
    print_line("Botan disagrees: " + verdict.botan.reason);
  }
}

}  // namespace
}  // namespace keystore::cli
