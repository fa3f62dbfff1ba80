#include <fmt/format.h>

#include <memory>

#include "tools/commands.h"
#include "tools/options.h"
#include "tools/verification.h"

namespace keystore::cli {
namespace {

struct Options {
  Verification question = {};
  std::string batch = {};
  std::vector<std::string> trust = {};
  std::string purpose = {};
  std::string profile = "rfc5280";
  std::string crl_check = {};
  std::string at = {};
  std::optional<unsigned> depth = {};
};

Result<int> run(const Options& options, bool json);
Result<Verification> question_of(const Options& options);
void print(const verify::Verdict& verdict);
void add_path_options(CLI::App& command, Options& options);
void add_judging_options(CLI::App& command, Options& options);

}  // namespace

void add_verify(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand(
      "verify", "Check a certificate's path to a trust anchor; exit 1 when it is not trusted");
  const auto options = std::make_shared<Options>();
  add_path_options(*command, *options);
  add_judging_options(*command, *options);
  add_json(*command, context);
  add_example(*command, "keystore verify web.pem --chain chain.pem --host www.example.org");
  context.on(*command, [options, &context] { return run(*options, context.json); });
}

namespace {

/// A repeatable option with one value each time.
CLI::Option* add_list(CLI::App& command, const std::string& name, std::vector<std::string>& list,
                      const std::string& help) {
  return command.add_option(name, list, help)->expected(1)->take_all()->allow_extra_args(false);
}

void add_path_options(CLI::App& command, Options& options) {
  auto& question = options.question;
  auto* certificate =
      command.add_option("CERT", question.certificate, "File with the certificate, PEM or DER");
  command
      .add_option("--batch", options.batch,
                  "One question in JSON per line of FILE, one answer each; -: standard input")
      ->type_name("FILE")
      ->excludes(certificate);
  add_list(command, "--chain", question.chain, "File with intermediates")->type_name("FILE");
  add_list(command, "--trust", options.trust,
           "File with trust anchors; without it the system's are used")
      ->type_name("FILE");
  add_list(command, "--distrust", question.distrust, "File with certificates never to be trusted")
      ->type_name("FILE");
  add_list(command, "--crl", question.crls, "File with revocation lists")->type_name("FILE");
}

void add_judging_options(CLI::App& command, Options& options) {
  auto& wanted = options.question.options;
  command.add_option("--host", wanted.host, "DNS name it must be for");
  command.add_option("--ip", wanted.ip, "IP address it must be for");
  command.add_option("--email", wanted.email, "Mailbox it must be for");
  command.add_option("--purpose", options.purpose,
                     "server, client, email, code, timestamp, ocsp or any");
  command.add_option("--profile", options.profile, "rfc5280 (default) or webpki");
  command.add_option("--at", options.at, "Time to check for, as 2026-03-01T12:00:00Z");
  command.add_option("--depth", options.depth, "Most intermediates");
  command.add_flag("--partial-chain", wanted.partial_chain, "Anchors need not be roots");
  command.add_option("--crl-check", options.crl_check,
                     "Whose revocation must be known: none, leaf or chain (default with --crl)");
  add_list(command, "--policy", wanted.policies, "Acceptable policy, as an OID")->type_name("OID");
  command.add_flag("--explicit-policy", wanted.explicit_policy, "A policy must be valid");
  command.add_flag("--inhibit-any-policy", wanted.inhibit_any_policy, "anyPolicy counts not");
  command.add_flag("--inhibit-policy-mapping", wanted.inhibit_policy_mapping,
                   "Policies are not mapped");
}

Result<int> run(const Options& options, bool json) {
  if (!options.batch.empty()) return verify_batch(options.batch);
  const auto question = question_of(options);
  if (!question) return Failure(question.error());
  Verifier verifier;
  const auto verdict = verifier.run(*question);
  if (!verdict) return Failure(verdict.error());
  if (json) {
    print_json(verdict_json(*verdict));
  } else {
    print(*verdict);
  }
  return verdict->trusted ? 0 : 1;
}

Result<Verification> question_of(const Options& options) {
  auto question = options.question;
  if (question.certificate.empty()) {
    return fail(Errc::invalid_argument, "there is no certificate to verify",
                "name a file, or --batch");
  }
  if (!options.trust.empty()) question.trust = options.trust;
  if (!options.purpose.empty()) {
    const auto purpose = parse_purpose(options.purpose);
    if (!purpose) return Failure(purpose.error());
    question.options.purpose = *purpose;
  }
  const auto profile = verify::parse_profile(options.profile);
  if (!profile) return Failure(profile.error());
  question.options.profile = *profile;
  const std::string check =
      options.crl_check.empty() ? question.crls.empty() ? "none" : "chain" : options.crl_check;
  const auto crl_check = verify::parse_crl_check(check);
  if (!crl_check) return Failure(crl_check.error());
  question.options.crl_check = *crl_check;
  question.options.depth = options.depth;
  if (!options.at.empty()) {
    const auto at = parse_time(options.at);
    if (!at) return Failure(at.error());
    question.at = *at;
  }
  return question;
}

void print(const verify::Verdict& verdict) {
  print_line(verdict.trusted ? "trusted" : "not trusted: " + verdict.reason);
  for (const auto& certificate : verdict.path) print_line("  " + certificate.subject());
  if (!verdict.trusted && verdict.openssl.reason != verdict.reason) {
    print_line("OpenSSL: " + verdict.openssl.reason);
  }
  if (verdict.botan.verdict == verify::Opinion::disagrees) {
    print_line("Botan disagrees: " + verdict.botan.reason);
  }
}

}  // namespace
}  // namespace keystore::cli
