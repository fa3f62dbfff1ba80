#include "bindings/c/verify/options.h"

#include "bindings/c/guard.h"

namespace keystore::c {
namespace {

constexpr ks_verify_options defaults = KS_VERIFY_OPTIONS_INIT;

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

/// The files that a caller lends, each with a name for messages.
template <class Each>
void for_each_file(const ks_bytes* files, std::size_t count, const std::string& name,
                   const Each& each) {
  if (count > 0) require(files, name.c_str());
  for (std::size_t i = 0; i < count; ++i) {
    each(name + " " + std::to_string(i + 1), view_of(files[i].data, files[i].size, name.c_str()));
  }
}

verify::VerifyOptions judging(const ks_verify_options& given) {
  verify::VerifyOptions made{
      .host = text_or_empty(given.host),
      .ip = text_or_empty(given.ip),
      .email = text_or_empty(given.email),
      .soft_fail = given.soft_fail != 0,
      .partial_chain = given.partial_chain != 0,
      .explicit_policy = given.explicit_policy != 0,
      .inhibit_any_policy = given.inhibit_any_policy != 0,
      .inhibit_policy_mapping = given.inhibit_policy_mapping != 0,
      .strict_second_opinion = given.strict_second_opinion != 0,
  };
  if (given.purpose != nullptr) made.purpose = take(parse_purpose(given.purpose));
  if (given.profile != nullptr) made.profile = take(verify::parse_profile(given.profile));
  const bool asked = given.crl_count > 0 || given.ocsp_response_count > 0 || given.ocsp != 0 ||
                     given.fetch_crl != 0;
  const char* check = asked ? "chain" : "none";
  if (given.crl_check != nullptr) check = given.crl_check;
  made.crl_check = take(verify::parse_crl_check(check));
  if (given.depth >= 0) made.depth = static_cast<unsigned>(given.depth);
  if (given.policy_count > 0) require(given.policies, "policies");
  for (std::size_t i = 0; i < given.policy_count; ++i) {
    made.policies.emplace_back(require_text(given.policies[i], "policies"));
  }
  return made;
}

verify::Material material_of(const ks_verify_options& given) {
  verify::Material material;
  auto& intermediates = material.intermediates;
  for_each_file(given.chain, given.chain_count, "chain", [&](const auto& name, BytesView content) {
    // A certificate that cannot be read cannot help; a path without it may still be there.
    const auto more = verify::read_certificates(name, content);
    if (more) intermediates.insert(intermediates.end(), more->begin(), more->end());
  });
  for_each_file(given.crls, given.crl_count, "crls", [&](const auto&, BytesView content) {
    for (auto& crl : verify::read_crls(content)) material.crls.push_back(std::move(crl));
  });
  for_each_file(given.ocsp_responses, given.ocsp_response_count, "ocsp_responses",
                [&](const auto&, BytesView content) {
                  material.ocsp_responses.emplace_back(content.begin(), content.end());
                });
  return material;
}

verify::FetchOptions fetch_of(const ks_verify_options& given) {
  verify::FetchOptions made{.issuers = given.aia != 0,
                            .ocsp = given.ocsp != 0,
                            .crls = given.fetch_crl != 0,
                            .ocsp_nonce = given.ocsp_nonce != 0,
                            .allow_private_addresses = given.allow_private_addresses != 0};
  if (given.timeout_ms > 0) made.timeout = std::chrono::milliseconds(given.timeout_ms);
  return made;
}

std::optional<verify::Trust> trust_of(const ks_verify_options& given) {
  if (given.trust == nullptr && given.distrust_count == 0) return std::nullopt;
  auto trust = given.trust == nullptr ? take(verify::system_trust()) : verify::Trust();
  for_each_file(given.trust, given.trust_count, "trust", [&](const auto& name, BytesView content) {
    take(trust.add_anchors(name, content));
  });
  for_each_file(
      given.distrust, given.distrust_count, "distrust",
      [&](const auto& name, BytesView content) { take(trust.add_distrusted(name, content)); });
  return trust;
}

}  // namespace

PathQuestion path_question(const ks_verify_options* given) {
  const auto options = read_sized(given, defaults, "options");
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return {.options = judging(options),
          .material = material_of(options),
          .trust = trust_of(options),
          .at = options.at == KS_VERIFY_NOW
                    ? now
                    : std::chrono::sys_seconds(std::chrono::seconds(options.at)),
          .fetch = fetch_of(options)};
}

}  // namespace keystore::c
