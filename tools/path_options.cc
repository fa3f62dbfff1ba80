#include "tools/path_options.h"

namespace keystore::cli {
namespace {

/// A repeatable option with one value each time.
CLI::Option* add_list(CLI::App& command, const std::string& name, std::vector<std::string>& list,
                      const std::string& help) {
  return command.add_option(name, list, help)->expected(1)->take_all()->allow_extra_args(false);
}

void add_file_options(CLI::App& command, PathOptions& options) {
  auto& question = options.question;
  add_list(command, "--chain", question.chain, "File with intermediates")->type_name("FILE");
  add_list(command, "--trust", options.trust,
           "File with trust anchors; without it the system's are used")
      ->type_name("FILE");
  add_list(command, "--distrust", question.distrust, "File with certificates never to be trusted")
      ->type_name("FILE");
  add_list(command, "--crl", question.crls, "File with revocation lists")->type_name("FILE");
  add_list(command, "--ocsp-response", question.ocsp_responses,
           "File with an OCSP response, as a server staples it; DER")
      ->type_name("FILE");
}

void add_judging_options(CLI::App& command, PathOptions& options) {
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
                     "Whose revocation must be known, by CRL or OCSP: none, leaf or chain (default "
                     "where --crl or --ocsp-response give or --ocsp or --fetch-crl get it)");
  command.add_flag("--soft-fail", wanted.soft_fail,
                   "A revocation status that cannot be had is no reason to refuse");
  command.add_flag("--strict-second-opinion", wanted.strict_second_opinion,
                   "Botan has to agree, too");
  add_list(command, "--policy", wanted.policies, "Acceptable policy, as an OID")->type_name("OID");
  command.add_flag("--explicit-policy", wanted.explicit_policy, "A policy must be valid");
  command.add_flag("--inhibit-any-policy", wanted.inhibit_any_policy, "anyPolicy counts not");
  command.add_flag("--inhibit-policy-mapping", wanted.inhibit_policy_mapping,
                   "Policies are not mapped");
}

}  // namespace

void add_path_options(CLI::App& command, PathOptions& options) {
  add_file_options(command, options);
  add_judging_options(command, options);
}

Result<Verification> question_of(const PathOptions& options) {
  auto question = options.question;
  if (!options.trust.empty()) question.trust = options.trust;
  if (!options.purpose.empty()) {
    const auto purpose = parse_purpose(options.purpose);
    if (!purpose) return Failure(purpose.error());
    question.options.purpose = *purpose;
  }
  const auto profile = verify::parse_profile(options.profile);
  if (!profile) return Failure(profile.error());
  question.options.profile = *profile;
  const bool given = !question.crls.empty() || !question.ocsp_responses.empty();
  const std::string check =
      options.crl_check.empty() ? given ? "chain" : "none" : options.crl_check;
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

}  // namespace keystore::cli
