#include "bindings/openssl/tls/peer_trust.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>

#include "bindings/openssl/tls/shown_identity.h"
#include "keystore/file.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/log.h"
#include "keystore/store.h"

namespace keystore::openssl {
namespace {

void append(Bytes& bytes, BytesView more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

/// PeerTrust::session_context holds what is judged by, until it is hashed.
void add_anchor(PeerTrust& trust, const Certificate& certificate) {
  const auto x509 = to_x509(certificate);
  append(trust.session_context, certificate.der());
  X509NamePtr name(X509_NAME_dup(X509_get_subject_name(x509.get())));
  X509_STORE_add_cert(trust.store.get(), x509.get());
  if (sk_X509_NAME_push(trust.names.get(), name.get()) > 0) name.release();
}

Result<void> add_anchors(PeerTrust& trust, const std::string& uri, const OpenOptions& open) {
  append(trust.session_context, as_bytes(uri));
  if (uri == "system:") {
    if (X509_STORE_set_default_paths(trust.store.get()) == 1) return {};
    return fail(Errc::io, "cannot find the system's trusted certificates");
  }
  const auto store = keystore::open(uri, open);
  if (!store) return Failure(store.error());
  std::size_t count = 0;
  for (const auto kind : {EntryKind::certificate, EntryKind::trust_anchor}) {
    const auto found = store->find_certificates({.kind = kind});
    if (!found) return Failure(found.error());
    for (const auto& each : found->items) add_anchor(trust, each);
    for (const auto& each : found->skipped) log(LogLevel::warning, "trust: " + each.message);
    count += found->items.size();
  }
  if (count > 0) return {};
  return fail(Errc::not_found, "no certificate to trust in '" + store->uri().canonical() + "'");
}

X509CrlPtr next_crl(BIO* pem) {
  return X509CrlPtr(PEM_read_bio_X509_CRL(pem, nullptr, nullptr, nullptr));
}

Result<void> add_crls(PeerTrust& trust, const std::string& path) {
  const auto content = read_file(path);
  if (!content) return Failure(content.error());
  const OpensslErrorMark mark;
  const auto bytes = content->view();
  append(trust.session_context, bytes);
  const auto* octets = bytes.data();
  if (const X509CrlPtr der(d2i_X509_CRL(nullptr, &octets, static_cast<long>(bytes.size()))); der) {
    X509_STORE_add_crl(trust.store.get(), der.get());
    return {};
  }
  const BioPtr pem(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  auto crl = next_crl(pem.get());
  if (!crl) return fail(Errc::malformed, "no X.509 CRL in '" + path + "'");
  for (; crl; crl = next_crl(pem.get())) X509_STORE_add_crl(trust.store.get(), crl.get());
  // Whom a list that cannot be read has revoked must not pass for good.
  const auto end = ERR_peek_last_error();
  if (ERR_GET_LIB(end) == ERR_LIB_PEM && ERR_GET_REASON(end) == PEM_R_NO_START_LINE) return {};
  return fail(Errc::malformed, "'" + path + "' holds an X.509 CRL that cannot be read");
}

// What the verify callback needs to know of the call that it is in.
struct Judgement {
  X509_STORE_CTX_verify_cb application;
  bool soft;
};

int judgement_index() {
  static const int index = X509_STORE_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

bool is_no_status(int error) {
  constexpr std::array none_in_force = {
      X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_CRL_HAS_EXPIRED, X509_V_ERR_CRL_NOT_YET_VALID,
      X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, X509_V_ERR_DIFFERENT_CRL_SCOPE};
  return std::ranges::find(none_in_force, error) != none_in_force.end();
}

int on_finding(int good, X509_STORE_CTX* judging) {
  const auto* known = X509_STORE_CTX_get_ex_data(judging, judgement_index());
  if (known == nullptr) return good;  // the path of a CRL's own issuer
  const auto& judgement = *static_cast<const Judgement*>(known);
  if (good != 1 && judgement.soft && is_no_status(X509_STORE_CTX_get_error(judging))) {
    X509_STORE_CTX_set_error(judging, X509_V_OK);
    good = 1;
  }
  return judgement.application != nullptr ? judgement.application(good, judging) : good;
}

bool names_a_host(X509_VERIFY_PARAM* param) {
  const OpensslMemoryPtr<char> address(X509_VERIFY_PARAM_get1_ip_asc(param));
  return address || X509_VERIFY_PARAM_get0_host(param, 0) != nullptr;
}

unsigned long crl_flags(Revocation revocation) {
  switch (revocation) {
    case Revocation::none:
      return 0;
    case Revocation::leaf:
      return X509_V_FLAG_CRL_CHECK;
    case Revocation::chain:
      return X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
  }
  return 0;
}

std::string subject_of(const X509* x509) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(memory.get(), X509_get_subject_name(x509), 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

void log_refusal(X509_STORE_CTX* given, std::string_view why) {
  const auto* about = X509_STORE_CTX_get_current_cert(given);
  if (about == nullptr) about = X509_STORE_CTX_get0_cert(given);
  log(LogLevel::info, "TLS: the peer's certificate of '" + subject_of(about) +
                          "' was refused: " + std::string(why));
}

int refuse_hostless(X509_STORE_CTX* given) {
  X509_STORE_CTX_set_error(given, X509_V_ERR_HOSTNAME_MISMATCH);
  log_refusal(given, "the connection names no host to compare it with (set_host)");
  return 0;
}

void hand_back(X509_STORE_CTX* given, X509_STORE_CTX* judged) {
  X509_STORE_CTX_set_error(given, X509_STORE_CTX_get_error(judged));
  X509_STORE_CTX_set_error_depth(given, X509_STORE_CTX_get_error_depth(judged));
  X509_STORE_CTX_set_current_cert(given, X509_STORE_CTX_get_current_cert(judged));
  X509_STORE_CTX_set0_verified_chain(given, X509_STORE_CTX_get1_chain(judged));
}

}  // namespace

Result<PeerTrustPtr> load_trust(const TlsOptions& options) {
  PeerTrust trust{.store = X509StorePtr(X509_STORE_new()),
                  .names = X509NamesPtr(sk_X509_NAME_new_null())};
  auto uris = options.trust;
  if (uris.empty() && options.role == Role::client) uris = {"system:"};
  for (const auto& uri : uris) {
    if (auto added = add_anchors(trust, uri, options.open); !added) return Failure(added.error());
  }
  for (const auto& path : options.crls) {
    if (auto added = add_crls(trust, path); !added) return Failure(added.error());
  }
  append(trust.session_context, std::array{static_cast<std::uint8_t>(options.client_certificate),
                                           static_cast<std::uint8_t>(options.revocation),
                                           static_cast<std::uint8_t>(options.no_status)});
  trust.session_context = hash(Digest::sha256, trust.session_context);
  return std::make_shared<const PeerTrust>(std::move(trust));
}

// libssl made `given` for the store of the SSL_CTX, which cannot change while others shake hands;
// so a second one with the store of the moment does the work.
int verify_peer(X509_STORE_CTX* given, const PeerTrust& trust, const TlsOptions& options) {
  auto* wanted = X509_STORE_CTX_get0_param(given);
  const bool client = options.role == Role::client;
  if (client && !options.any_host && !names_a_host(wanted)) return refuse_hostless(given);

  const X509StoreCtxPtr judging(X509_STORE_CTX_new());
  if (!judging ||
      X509_STORE_CTX_init(judging.get(), trust.store.get(), X509_STORE_CTX_get0_cert(given),
                          X509_STORE_CTX_get0_untrusted(given)) != 1) {
    X509_STORE_CTX_set_error(given, X509_V_ERR_OUT_OF_MEM);
    return -1;
  }
  Judgement judgement{.application = X509_STORE_CTX_get_verify_cb(given),
                      .soft = options.no_status == NoStatus::accepted};
  const int ssl_index = SSL_get_ex_data_X509_STORE_CTX_idx();
  X509_STORE_CTX_set_ex_data(judging.get(), ssl_index,
                             X509_STORE_CTX_get_ex_data(given, ssl_index));
  X509_STORE_CTX_set_ex_data(judging.get(), judgement_index(), &judgement);
  X509_STORE_CTX_set_verify_cb(judging.get(), on_finding);
  X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(judging.get()), wanted);
  X509_STORE_CTX_set_flags(judging.get(), crl_flags(options.revocation));

  const int verdict = X509_verify_cert(judging.get());
  hand_back(given, judging.get());
  if (verdict != 1) {
    log_refusal(given, X509_verify_cert_error_string(X509_STORE_CTX_get_error(given)));
  }
  return verdict;
}

}  // namespace keystore::openssl
