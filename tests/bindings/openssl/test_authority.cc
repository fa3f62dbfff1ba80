#include "tests/bindings/openssl/test_authority.h"

#include <openssl/pem.h>

#include <atomic>
#include <ctime>

namespace keystore::testing {
namespace {

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string to_pem(X509* x509) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), x509);
  return text_of(memory.get());
}

void add_extension(X509* x509, X509* issuer, int nid, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
  const X509ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  if (!extension) throw std::runtime_error("bad extension: " + value);
  X509_add_ext(x509, extension.get(), -1);
}

const EVP_MD* digest_for(const EVP_PKEY* key) {
  const bool edwards = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
  return edwards ? nullptr : EVP_sha256();
}

}  // namespace

EvpPkeyPtr make_plain_key(const std::string& type) {
  if (type == "RSA")
    return EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
  if (type.starts_with("P-"))
    return EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", type.c_str()));
  return EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, type.c_str()));
}

std::string key_to_pem(EVP_PKEY* key) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(memory.get());
}

TestAuthority::TestAuthority(const Workspace& folder, const std::string& name,
                             const TestAuthority* issuer)
    : folder_(folder), name_(name), key_(make_plain_key("P-256")) {
  const CertificateSpec spec{
      .subject = name, .names = "", .extended_usage = "", .usage = "keyCertSign,cRLSign"};
  certificate_ =
      issuer != nullptr ? issuer->sign(key_.get(), spec, true) : sign(key_.get(), spec, true);
  if (issuer != nullptr) chain_ = to_pem(certificate_.get()) + issuer->chain_;
  folder.write(name + ".pem", to_pem(certificate_.get()));
}

X509Ptr TestAuthority::sign(EVP_PKEY* key, const CertificateSpec& spec, bool ca) const {
  static std::atomic<long> serial = 1000;
  X509Ptr made(X509_new());
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), spec.from);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), spec.to);
  auto* name = X509_get_subject_name(made.get());
  const auto* text = reinterpret_cast<const unsigned char*>(spec.subject.c_str());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0);
  auto* issuer = certificate_ ? certificate_.get() : made.get();
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  X509_set_pubkey(made.get(), key);
  add_extension(made.get(), issuer, NID_basic_constraints,
                ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(made.get(), issuer, NID_key_usage, spec.usage);
  add_extension(made.get(), issuer, NID_ext_key_usage, spec.extended_usage);
  add_extension(made.get(), issuer, NID_subject_alt_name, spec.names);
  if (X509_sign(made.get(), key_.get(), digest_for(key_.get())) == 0) {
    throw std::runtime_error("no certificate for " + spec.subject);
  }
  return made;
}

IssuedFiles TestAuthority::make(const std::string& name, const std::string& type,
                                const CertificateSpec& spec) const {
  const auto key = make_plain_key(type);
  auto leaf = sign(key.get(), spec, false);
  return {.key = folder_.write(name + ".key", key_to_pem(key.get())),
          .certificates = folder_.write(name + ".crt", to_pem(leaf.get()) + chain_),
          .leaf = std::move(leaf)};
}

std::string TestAuthority::certify(EVP_PKEY* key, const CertificateSpec& spec) const {
  return to_pem(sign(key, spec, false).get()) + chain_;
}

std::string TestAuthority::make_crl(const std::vector<const X509*>& revoked, long to) const {
  const X509CrlPtr crl(X509_CRL_new());
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(certificate_.get()));
  const std::unique_ptr<ASN1_TIME, FreeWith<ASN1_TIME_free>> from(
      ASN1_TIME_adj(nullptr, std::time(nullptr), 0, -7200)),
      next(ASN1_TIME_adj(nullptr, std::time(nullptr), 0, to));
  X509_CRL_set1_lastUpdate(crl.get(), from.get());
  X509_CRL_set1_nextUpdate(crl.get(), next.get());
  for (const auto* each : revoked) {
    auto* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, const_cast<ASN1_INTEGER*>(X509_get0_serialNumber(each)));
    X509_REVOKED_set_revocationDate(entry, from.get());
    X509_CRL_add0_revoked(crl.get(), entry);
  }
  X509_CRL_sign(crl.get(), key_.get(), EVP_sha256());
  const BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(memory.get(), crl.get());
  return folder_.write(name_ + ".crl", text_of(memory.get())).string();
}

}  // namespace keystore::testing
