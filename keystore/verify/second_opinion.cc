#include "keystore/verify/internal/second_opinion.h"

#include <botan/data_src.h>
#include <botan/x509_crl.h>
#include <botan/x509path.h>

#include <algorithm>
#include <array>

namespace keystore::verify {
namespace {

using Status = Botan::Certificate_Status_Code;

/// Statuses that speak against any path; all others show a difference only.
constexpr std::array vetoes = {
    Status::SIGNATURE_ERROR,           Status::SIGNATURE_METHOD_TOO_WEAK, Status::UNTRUSTED_HASH,
    Status::CERT_PUBKEY_INVALID,       Status::DUPLICATE_CERT_EXTENSION,  Status::EXT_IN_V1_V2_CERT,
    Status::V2_IDENTIFIERS_IN_V1_CERT, Status::CERT_NOT_YET_VALID,        Status::CERT_HAS_EXPIRED,
    Status::CERT_NAME_NOMATCH,
};

/// Botan met something that it does not know, or misses what OpenSSL found.
constexpr std::array no_opinion = {Status::UNKNOWN_CRITICAL_EXTENSION,
                                   Status::SIGNATURE_ALGO_UNKNOWN, Status::NO_MATCHING_CRLDP,
                                   Status::NO_REVOCATION_DATA};

bool is_one_of(Status status, std::span<const Status> table) {
  return std::ranges::find(table, status) != table.end();
}

Botan::Usage_Type usage_of(Purpose purpose) {
  switch (purpose) {
    case Purpose::server:
      return Botan::Usage_Type::TLS_SERVER_AUTH;
    case Purpose::client:
      return Botan::Usage_Type::TLS_CLIENT_AUTH;
    case Purpose::ocsp:
      return Botan::Usage_Type::OCSP_RESPONDER;
    case Purpose::email:
    case Purpose::code:
    case Purpose::time_stamping:
    case Purpose::any:
      return Botan::Usage_Type::UNSPECIFIED;
  }
  return Botan::Usage_Type::UNSPECIFIED;
}

Botan::X509_Certificate certificate(const Member& member) {
  return Botan::X509_Certificate(member.der());
}

void add_crls(Botan::Certificate_Store_In_Memory& store, const PathQuestion& question) {
  if (question.options.crl_check == CrlCheck::none) return;
  for (const auto& crl : question.crls) {
    std::uint8_t* der = nullptr;
    const int size = i2d_X509_CRL(crl.get(), &der);
    const OpensslMemoryPtr<std::uint8_t> owned(der);
    if (size > 0) store.add_crl(Botan::X509_CRL(std::vector<std::uint8_t>(der, der + size)));
  }
}

Botan::Path_Validation_Result validate(const PathQuestion& question) {
  std::vector<Botan::X509_Certificate> chain;
  const auto& members = question.path.members;
  for (std::size_t i = 0; i + 1 < members.size(); ++i) chain.push_back(certificate(*members[i]));
  Botan::Certificate_Store_In_Memory store(certificate(question.path.anchor()));
  add_crls(store, question);
  // Our own rules know when weak keys and hashes counted; OpenSSL knows which status is missing.
  constexpr bool require_revocation = false;
  constexpr std::size_t least_strength = 80;
  return Botan::x509_path_validate(
      chain, Botan::Path_Validation_Restrictions(require_revocation, least_strength), store,
      question.options.host, usage_of(question.purpose), question.at);
}

BotanAnswer answer_of(const Botan::Path_Validation_Result& result) {
  if (result.successful_validation()) return {.opinion = {Opinion::agrees, "ok"}};
  for (const auto& statuses : result.all_statuses()) {
    for (const auto status : statuses) {
      if (is_one_of(status, vetoes)) {
        return {.opinion = {Opinion::disagrees, result.status_string(status)}, .vetoes = true};
      }
    }
  }
  const auto verdict =
      is_one_of(result.result(), no_opinion) ? Opinion::no_opinion : Opinion::disagrees;
  return {.opinion = {verdict, result.result_string()}};
}

}  // namespace

BotanAnswer ask_botan(const PathQuestion& question) {
  if (auto why = beyond_botan(question); !why.empty()) {
    return {.opinion = {Opinion::no_opinion, "Botan does not judge " + why}};
  }
  try {
    return answer_of(validate(question));
  } catch (const Botan::Decoding_Error& problem) {
    return {.opinion = {Opinion::disagrees, problem.what()}, .vetoes = true};
  } catch (const std::exception& problem) {
    return {.opinion = {Opinion::no_opinion, problem.what()}};
  }
}

}  // namespace keystore::verify
