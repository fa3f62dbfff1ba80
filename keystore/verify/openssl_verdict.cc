#include "keystore/verify/internal/openssl_verdict.h"

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/verify/internal/known_links.h"
#include "keystore/verify/internal/rules.h"

namespace keystore::verify {
namespace {

struct FreeStack {
  template <class T>
  void operator()(T* stack) const noexcept {
    OPENSSL_sk_free(reinterpret_cast<OPENSSL_STACK*>(stack));
  }
};
using X509StackPtr = std::unique_ptr<STACK_OF(X509), FreeStack>;
using CrlStackPtr = std::unique_ptr<STACK_OF(X509_CRL), FreeStack>;

/// What our functions that OpenSSL calls need to know of the call that they are in.
struct Call {
  const PathQuestion& question;
  X509_STORE_CTX_verify_fn check_signatures;  ///< OpenSSL's own
  bool status_missing = false;
  bool was_known = false;  ///< the signatures between CAs were known

  /// OpenSSL opens a context of its own for the path of a CRL's signer, within that of ours.
  static Call& of(X509_STORE_CTX* context) {
    while (auto* parent = X509_STORE_CTX_get0_parent_ctx(context)) context = parent;
    return *static_cast<Call*>(X509_STORE_CTX_get_app_data(context));
  }
};

/// OpenSSL takes the last second of a period for past, RFC 5280 (4.1.2.5) does not.
bool ends_now(X509_STORE_CTX* context) {
  auto at = X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(context));
  const auto* end = X509_get0_notAfter(X509_STORE_CTX_get_current_cert(context));
  return ASN1_TIME_cmp_time_t(end, at) == 0;
}

/// Where no CRL tells the status, OCSP may; nobody but the trust store says whether an anchor is
/// good.
bool is_pardoned(X509_STORE_CTX* context) {
  auto& call = Call::of(context);
  const bool of_path = X509_STORE_CTX_get0_parent_ctx(context) == nullptr;
  const auto& ocsp = call.question.ocsp;
  const int place = X509_STORE_CTX_get_error_depth(context);
  const auto depth = static_cast<std::size_t>(place);
  if (place != 0 && place + 1 == sk_X509_num(X509_STORE_CTX_get0_chain(context))) return true;
  if (of_path && depth < ocsp.size() && ocsp[depth].kind == OcspStatus::Kind::good) return true;
  call.status_missing = true;
  return call.question.options.soft_fail;
}

int on_error(int ok, X509_STORE_CTX* context) {
  if (ok != 0) return ok;
  const int error = X509_STORE_CTX_get_error(context);
  const bool pardoned = error == X509_V_ERR_CERT_HAS_EXPIRED
                            ? ends_now(context)
                            : is_status_missing(error) && is_pardoned(context);
  if (pardoned) X509_STORE_CTX_set_error(context, X509_V_OK);
  return pardoned ? 1 : 0;
}

void set_purpose(X509_VERIFY_PARAM* param, Purpose purpose) {
  const auto set = [param](int use, int trust) {
    X509_VERIFY_PARAM_set_purpose(param, use);
    X509_VERIFY_PARAM_set_trust(param, trust);
  };
  switch (purpose) {
    case Purpose::any:
      return;
    case Purpose::server:
      return set(X509_PURPOSE_SSL_SERVER, X509_TRUST_SSL_SERVER);
    case Purpose::client:
      return set(X509_PURPOSE_SSL_CLIENT, X509_TRUST_SSL_CLIENT);
    case Purpose::email:
      return set(X509_PURPOSE_SMIME_SIGN, X509_TRUST_EMAIL);
    case Purpose::code:  // OpenSSL 3.0 has no purpose for it: rules look at the uses
      return set(X509_PURPOSE_ANY, X509_TRUST_OBJECT_SIGN);
    case Purpose::time_stamping:
      return set(X509_PURPOSE_TIMESTAMP_SIGN, X509_TRUST_TSA);
    case Purpose::ocsp:
      return set(X509_PURPOSE_OCSP_HELPER, X509_TRUST_OCSP_SIGN);
  }
}

unsigned long flags_of(const CandidatePath& path, const VerifyOptions& options) {
  // Bounded by the search; policies are always processed (RFC 5280, 6.1).
  unsigned long flags = X509_V_FLAG_POLICY_CHECK | X509_V_FLAG_EXTENDED_CRL_SUPPORT |
                        X509_V_FLAG_USE_DELTAS | X509_V_FLAG_TRUSTED_FIRST;
  if (options.crl_check != CrlCheck::none) flags |= X509_V_FLAG_CRL_CHECK;
  if (options.crl_check == CrlCheck::chain) flags |= X509_V_FLAG_CRL_CHECK_ALL;
  if (options.explicit_policy) flags |= X509_V_FLAG_EXPLICIT_POLICY;
  if (options.inhibit_any_policy) flags |= X509_V_FLAG_INHIBIT_ANY;
  if (options.inhibit_policy_mapping) flags |= X509_V_FLAG_INHIBIT_MAP;
  if (options.partial_chain && !path.anchor().self_issued()) flags |= X509_V_FLAG_PARTIAL_CHAIN;
  if (options.partial_chain && path.members.size() == 1) flags |= X509_V_FLAG_PARTIAL_CHAIN;
  return flags;
}

void set_policies(X509_VERIFY_PARAM* param, const VerifyOptions& options) {
  const auto add = [param](const char* oid) {
    if (auto* object = OBJ_txt2obj(oid, 1)) X509_VERIFY_PARAM_add0_policy(param, object);
  };
  for (const auto& policy : options.policies) add(policy.c_str());
  if (options.policies.empty()) add("2.5.29.32.0");
}

bool is_path(const STACK_OF(X509) * chain, const CandidatePath& path) {
  if (static_cast<std::size_t>(sk_X509_num(chain)) != path.members.size()) return false;
  for (std::size_t i = 0; i < path.members.size(); ++i) {
    const auto* taken = sk_X509_value(chain, static_cast<int>(i));
    const auto* member = path.members[i]->x509();
    if (taken != member && X509_cmp(taken, member) != 0) return false;
  }
  return true;
}

/// OpenSSL's last look at the path that it chose (X509_STORE_set_verify(3)), left out where it can
/// only find what it found before. Whatever is not good is for OpenSSL to find and to name.
int check_signatures(X509_STORE_CTX* context) {
  auto& call = Call::of(context);
  const auto& question = call.question;
  call.was_known = is_path(X509_STORE_CTX_get0_chain(context), question.path) &&
                   is_known_good(question.path, question.at);
  return call.was_known ? 1 : call.check_signatures(context);
}

}  // namespace

bool is_status_missing(int error) {
  constexpr std::array missing = {X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_CRL_HAS_EXPIRED,
                                  X509_V_ERR_CRL_NOT_YET_VALID, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER,
                                  X509_V_ERR_DIFFERENT_CRL_SCOPE};
  return std::ranges::find(missing, error) != missing.end();
}

OpensslAnswer ask_openssl(const PathQuestion& question) {
  const auto& [path, others, crls, ocsp, options, purpose, at] = question;
  const OpensslErrorMark mark;
  const X509StorePtr store(X509_STORE_new());
  const X509StackPtr untrusted(sk_X509_new_null());
  const CrlStackPtr revocations(sk_X509_CRL_new_null());
  const X509StoreCtxPtr context(X509_STORE_CTX_new_ex(private_lib_ctx(), nullptr));
  if (!store || !untrusted || !revocations || !context) {
    return {{false, "out of memory"}, X509_V_ERR_OUT_OF_MEM};
  }
  for (std::size_t i = 0; i < path.members.size(); ++i) {
    auto* x509 = path.members[i]->x509();
    if (path.from_trust[i]) {
      X509_STORE_add_cert(store.get(), x509);
    } else {
      sk_X509_push(untrusted.get(), x509);
    }
  }
  // Those that sign revocation lists need not be of the path.
  const bool revocation = options.crl_check != CrlCheck::none;
  for (const auto& other : others) {
    if (revocation) sk_X509_push(untrusted.get(), other->x509());
  }
  for (const auto& crl : crls) sk_X509_CRL_push(revocations.get(), crl.get());
  if (X509_STORE_CTX_init(context.get(), store.get(), path.target().x509(), untrusted.get()) != 1) {
    return {{false, "out of memory"}, X509_V_ERR_OUT_OF_MEM};
  }
  X509_STORE_CTX_set0_crls(context.get(), revocations.get());
  Call call{question, X509_STORE_CTX_get_verify(context.get())};
  X509_STORE_CTX_set_app_data(context.get(), &call);
  X509_STORE_CTX_set_verify_cb(context.get(), on_error);
  X509_STORE_CTX_set_verify(context.get(), check_signatures);
  auto* param = X509_STORE_CTX_get0_param(context.get());
  set_purpose(param, purpose);
  X509_VERIFY_PARAM_set_time(param, std::chrono::system_clock::to_time_t(at));
  X509_VERIFY_PARAM_set_flags(param, flags_of(path, options));
  // Level 1 refuses SHA-1, which was good once; the rules look at keys and hashes in any case.
  X509_VERIFY_PARAM_set_auth_level(param, at < end_of_sha1 ? 0 : 1);
  set_policies(param, options);
  if (!options.host.empty()) X509_VERIFY_PARAM_set1_host(param, options.host.c_str(), 0);
  if (!options.ip.empty()) X509_VERIFY_PARAM_set1_ip_asc(param, options.ip.c_str());
  if (!options.email.empty()) X509_VERIFY_PARAM_set1_email(param, options.email.c_str(), 0);
  const bool accepts = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  if (accepts && !is_path(X509_STORE_CTX_get0_chain(context.get()), path)) {
    return {{false, "OpenSSL takes another path"}, X509_V_ERR_UNSPECIFIED};
  }
  if (accepts && !call.was_known) note_accepted(path);
  return {
      {accepts, accepts ? "ok" : X509_verify_cert_error_string(error)}, error, call.status_missing};
}

}  // namespace keystore::verify
