#include "tools/verification.h"

#include <fmt/format.h>

#include <algorithm>

#include "keystore/file.h"

namespace keystore::cli {
namespace {

Result<Bytes> content_of(const std::string& path) {
  constexpr std::size_t most = 64U << 20;
  const auto content = read_file(path, most);
  if (!content) return Failure(content.error());
  const auto view = content->view();
  return Bytes(view.begin(), view.end());
}

std::string_view word(verify::Opinion opinion) {
  switch (opinion) {
    case verify::Opinion::agrees:
      return "agrees";
    case verify::Opinion::disagrees:
      return "disagrees";
    case verify::Opinion::no_opinion:
      return "no-opinion";
    case verify::Opinion::not_asked:
      return "not-asked";
  }
  return "not-asked";
}

std::string_view word(verify::Revocation revocation) {
  switch (revocation) {
    case verify::Revocation::not_asked:
      return "not-asked";
    case verify::Revocation::good:
      return "good";
    case verify::Revocation::revoked:
      return "revoked";
    case verify::Revocation::unknown:
      return "unknown";
  }
  return "not-asked";
}

}  // namespace

Result<verify::Verdict> Verifier::run(const Verification& question) {
  // The target is the first certificate of its file; what follows may be its chain.
  const auto file = content_of(question.certificate);
  if (!file) return Failure(file.error());
  const auto found = verify::read_certificates(question.certificate, *file, &authorities_);
  if (!found) return Failure(found.error());
  auto material = material_of(question, &authorities_);
  if (!material) return Failure(material.error());
  auto& intermediates = material->intermediates;
  intermediates.insert(intermediates.begin(), found->begin() + 1, found->end());
  const auto trust = trust_of(question);
  if (!trust) return Failure(trust.error());
  const auto at = question.at.value_or(
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  return verify::verify(found->front(), *material, *trust, question.options, at, fetcher_);
}

Result<verify::Material> material_of(const Verification& question,
                                     verify::AuthorityCache* authorities) {
  verify::Material material;
  for (const auto& path : question.chain) {
    const auto chain = content_of(path);
    if (!chain) return Failure(chain.error());
    // A certificate that cannot be read cannot help; a path without it may still be there.
    if (const auto more = verify::read_certificates(path, *chain, authorities)) {
      material.intermediates.insert(material.intermediates.end(), more->begin(), more->end());
    }
  }
  for (const auto& path : question.crls) {
    const auto file = content_of(path);
    if (!file) return Failure(file.error());
    auto crls = verify::read_crls(*file);
    if (crls.empty()) return fail(Errc::malformed, fmt::format("{} holds no CRL", path));
    std::ranges::move(crls, std::back_inserter(material.crls));
  }
  for (const auto& path : question.ocsp_responses) {
    auto file = content_of(path);
    if (!file) return Failure(file.error());
    material.ocsp_responses.push_back(*std::move(file));
  }
  return material;
}

Result<verify::Trust> Verifier::trust_of(const Verification& question) {
  verify::Trust trust;
  if (!question.trust) {
    const auto system = system_trust();
    if (!system) return Failure(system.error());
    trust = **system;
  }
  for (const auto& path : question.trust.value_or(std::vector<std::string>())) {
    const auto file = content_of(path);
    if (!file) return Failure(file.error());
    if (auto added = trust.add_anchors(path, *file); !added) return Failure(added.error());
  }
  for (const auto& path : question.distrust) {
    const auto file = content_of(path);
    if (!file) return Failure(file.error());
    if (auto added = trust.add_distrusted(path, *file); !added) return Failure(added.error());
  }
  return trust;
}

Result<const verify::Trust*> Verifier::system_trust() {
  if (!system_) {
    auto trust = verify::system_trust();
    if (!trust) return Failure(trust.error());
    system_ = *std::move(trust);
  }
  return &*system_;
}

Json verdict_json(const verify::Verdict& verdict) {
  Json path = Json::array();
  for (const auto& certificate : verdict.path) path.push_back(certificate.subject());
  Json json = {
      {"trusted", verdict.trusted},
      {"reason", verdict.reason},
      {"path", path},
      {"openssl", {{"accepts", verdict.openssl.accepts}, {"reason", verdict.openssl.reason}}},
      {"botan", {{"verdict", word(verdict.botan.verdict)}, {"reason", verdict.botan.reason}}},
      {"revocation", word(verdict.revocation)}};
  if (!verdict.not_fetched.empty()) {
    auto& notes = json["not_fetched"] = Json::array();
    for (const auto& error : verdict.not_fetched) notes.push_back(error.message);
  }
  return json;
}

}  // namespace keystore::cli
