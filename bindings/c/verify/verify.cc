#include <deque>

#include "bindings/c/flat_entry.h"
#include "bindings/c/guard.h"
#include "bindings/c/verify/options.h"
#include "keystore/verify/fetch.h"

namespace c = keystore::c;
using keystore::verify::Opinion;
using keystore::verify::Revocation;

static_assert(static_cast<int>(Opinion::agrees) == KS_OPINION_AGREES);
static_assert(static_cast<int>(Opinion::disagrees) == KS_OPINION_DISAGREES);
static_assert(static_cast<int>(Opinion::no_opinion) == KS_OPINION_NONE);
static_assert(static_cast<int>(Opinion::not_asked) == KS_OPINION_NOT_ASKED);
static_assert(static_cast<int>(Revocation::not_asked) == KS_REVOCATION_NOT_ASKED);
static_assert(static_cast<int>(Revocation::good) == KS_REVOCATION_GOOD);
static_assert(static_cast<int>(Revocation::revoked) == KS_REVOCATION_REVOKED);
static_assert(static_cast<int>(Revocation::unknown) == KS_REVOCATION_UNKNOWN);

struct ks_verification {
  explicit ks_verification(keystore::verify::Verdict found) : verdict(std::move(found)) {
    for (const auto& certificate : verdict.path) {
      path.push_back(&certificates.emplace_back(certificate).view);
    }
    for (const auto& error : verdict.not_fetched) {
      not_fetched.push_back(errors.emplace_back(error).view);
    }
    view = {.trusted = verdict.trusted ? 1 : 0,
            .reason = verdict.reason.c_str(),
            .path = path.data(),
            .path_count = path.size(),
            .openssl_accepts = verdict.openssl.accepts ? 1 : 0,
            .openssl_reason = verdict.openssl.reason.c_str(),
            .botan_verdict = static_cast<std::int32_t>(verdict.botan.verdict),
            .botan_reason = verdict.botan.reason.c_str(),
            .revocation = static_cast<std::int32_t>(verdict.revocation),
            .not_fetched = not_fetched.data(),
            .not_fetched_count = not_fetched.size()};
  }
  keystore::verify::Verdict verdict;
  std::deque<c::FlatCertificate> certificates;
  std::vector<const ks_certificate*> path;
  std::deque<c::FlatError> errors;
  std::vector<ks_error> not_fetched;
  ks_verdict view = {};
};

int32_t ks_verify(const void* certificate, size_t size, const ks_verify_options* options,
                  ks_verification** out) {
  return c::guard(__func__, [&] {
    c::hand_out(out, [&] {
      const auto content = c::view_of(certificate, size, "certificate");
      const auto found = c::take(keystore::verify::read_certificates("certificate", content));
      auto question = c::path_question(options);
      auto& intermediates = question.material.intermediates;
      intermediates.insert(intermediates.begin(), found.begin() + 1, found.end());
      if (!question.trust) question.trust = c::take(keystore::verify::system_trust());
      keystore::verify::Fetcher fetcher(question.fetch);
      return c::take(keystore::verify::verify(found.front(), question.material, *question.trust,
                                              question.options, question.at, fetcher));
    });
  });
}

void ks_verification_free(ks_verification* verification) { delete verification; }

const ks_verdict* ks_verification_verdict(const ks_verification* verification) {
  return verification == nullptr ? nullptr : &verification->view;
}
