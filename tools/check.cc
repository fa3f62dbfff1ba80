#include "keystore/verify/check.h"

#include <fmt/format.h>

#include <memory>

#include "bindings/openssl/tls/pkey.h"
#include "tools/commands.h"
#include "tools/fetch_options.h"
#include "tools/options.h"
#include "tools/path_options.h"
#include "tools/progress.h"

namespace keystore::cli {
namespace {

struct Options {
  std::vector<std::string> targets = {};
  PathOptions path = {};
  FetchLine fetch = {};
  SecretOption pin = {};
  std::string starttls = {};
  std::string identity = {};
  unsigned soon_days = verify::CheckOptions().soon_days;
};

using Reports = std::vector<verify::TargetReport>;

Result<int> run(const Options& options, bool json);
Result<verify::CheckOptions> check_options(const Options& options, const Verification& question);
Result<std::shared_ptr<evp_pkey_st>> make_pkey(const Key& key, ossl_lib_ctx_st* library);
void print(const Reports& reports);
void print_as_json(const Reports& reports);
int exit_code_of(const Reports& reports);

}  // namespace

void add_check(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand(
      "check", "Find what is wrong with keys and certificates, and how to mend it");
  const auto options = std::make_shared<Options>();
  command->add_option("TARGET", options->targets,
                      "Files, stores and identities, which belong together; HOST:PORT: servers");
  add_path_options(*command, options->path);
  add_fetch_options(*command, options->fetch);
  add_secret(*command, "--pin,--passphrase", options->pin, "PIN or passphrase of the targets");
  command->add_option("--soon", options->soon_days,
                      "Days before its end that a certificate is to be renewed; default 30");
  command->add_option("--starttls", options->starttls,
                      "How servers come to speak TLS: smtp, imap or postgres");
  command
      ->add_option("--identity", options->identity,
                   "What is shown to servers that want a certificate")
      ->type_name("URI");
  add_json(*command, context);
  add_example(*command,
              "keystore check web.pem web.key chain.pem --host www.example.org\n  "
              "keystore check keystore:web --json\n  "
              "keystore check www.example.org:443 --identity client.pem");
  context.on(*command, [options, &context] { return run(*options, context.json); });
}

namespace {

Result<int> run(const Options& options, bool json) {
  auto path = options.path;
  const auto fetch = fetch_of(options.fetch);
  if (path.crl_check.empty() && (fetch.ocsp || fetch.crls)) path.crl_check = "chain";
  const auto question = question_of(path);
  if (!question) return Failure(question.error());
  const auto wanted = check_options(options, *question);
  if (!wanted) return Failure(wanted.error());
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto waiting = options.targets.size() == 1
                           ? Waiting("checking", options.targets.front())
                           : Waiting(fmt::format("checking {} targets", options.targets.size()));
  const auto reports = verify::check(options.targets, *wanted, question->at.value_or(now));
  if (!reports) return Failure(reports.error());
  if (json) {
    print_as_json(*reports);
  } else {
    print(*reports);
  }
  for (const auto& each : *reports) {
    if (each.error) report(*each.error, false);
  }
  return exit_code_of(*reports);
}

Result<verify::CheckOptions> check_options(const Options& options, const Verification& question) {
  const auto open = open_options(options.pin);
  if (!open) return Failure(open.error());
  auto material = material_of(question);
  if (!material) return Failure(material.error());
  verify::CheckOptions wanted{
      .material = *std::move(material),
      .verify = question.options,
      .fetch = fetch_of(options.fetch),
      .open = *open,
      .soon_days = options.soon_days,
      .identity = options.identity,
      .make_pkey = make_pkey,
      .time_limit = std::chrono::seconds(options.fetch.timeout_s.value_or(10))};
  if (!options.starttls.empty()) {
    const auto protocol = verify::parse_starttls(options.starttls);
    if (!protocol) return Failure(protocol.error());
    wanted.starttls = *protocol;
  }
  if (question.trust || !question.distrust.empty()) {
    auto trust = Verifier().trust_of(question);
    if (!trust) return Failure(trust.error());
    wanted.trust = *std::move(trust);
  }
  return wanted;
}

Result<std::shared_ptr<evp_pkey_st>> make_pkey(const Key& key, ossl_lib_ctx_st* library) {
  auto made = openssl::pkey(key, library);
  if (!made) return Failure(made.error());
  return std::shared_ptr<evp_pkey_st>(*std::move(made));
}

void print(const Reports& reports) {
  for (const auto& report : reports) {
    print_line(fmt::format("{}: {}", report.target, to_string(report.verdict())));
    for (const auto& finding : report.findings) {
      print_line(
          fmt::format("  {} {}: {}", to_string(finding.severity), finding.code, finding.message));
      print_line("    why: " + finding.why);
      print_line("    fix: " + finding.fix.text);
      if (!finding.fix.command.empty()) print_line("    run: " + finding.fix.command);
    }
  }
}

Json finding_json(const verify::Finding& finding) {
  Json fix = {{"text", finding.fix.text}};
  if (!finding.fix.command.empty()) fix["command"] = finding.fix.command;
  return {{"code", finding.code},
          {"severity", to_string(finding.severity)},
          {"message", finding.message},
          {"why", finding.why},
          {"fix", fix}};
}

const Error* first_error(const Reports& reports) {
  for (const auto& report : reports) {
    if (report.error) return &*report.error;
  }
  return nullptr;
}

void print_as_json(const Reports& reports) {
  Json targets = Json::array();
  for (const auto& report : reports) {
    Json findings = Json::array();
    for (const auto& finding : report.findings) findings.push_back(finding_json(finding));
    Json target = {{"target", report.target},
                   {"verdict", to_string(report.verdict())},
                   {"findings", findings}};
    if (report.error) target["error"] = error_json(*report.error);
    targets.push_back(target);
  }
  Json object = {{"targets", targets}};
  if (const auto* error = first_error(reports)) object["error"] = error_json(*error);
  print_json(object);
}

/// What could not be read was not checked, which is worse than any finding.
int exit_code_of(const Reports& reports) {
  if (const auto* error = first_error(reports)) return exit_code(error->code);
  for (const auto& report : reports) {
    if (report.verdict() == verify::TargetVerdict::fail) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace keystore::cli
