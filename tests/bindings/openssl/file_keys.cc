#include "tests/bindings/openssl/file_keys.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "keystore/store.h"

namespace keystore::testing {
namespace {

EvpPkeyPtr make(const std::string& type) {
  if (type == "RSA")
    return EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
  if (type.starts_with("P-"))
    return EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", type.c_str()));
  return EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, type.c_str()));
}

std::string to_pem(EVP_PKEY* pkey) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(memory.get(), pkey, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

FileKey::FileKey(const Workspace& folder, const std::string& type)
    : type_(type), plain_(make(type)) {
  const auto path = folder.write(type + ".pem", to_pem(plain_.get()));
  key_.push_back(open("file:" + path.string()).value().key().value());
}

X509Ptr FileKey::certificate() const {
  X509Ptr made(X509_new());
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  auto* name = X509_get_subject_name(made.get());
  const auto* text = reinterpret_cast<const unsigned char*>("server.test");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  X509_set_pubkey(made.get(), plain_.get());
  const auto* digest = type_.starts_with("ED") ? nullptr : EVP_sha256();
  X509_sign(made.get(), plain_.get(), digest);
  return made;
}

Identity FileKey::identity() const {
  const auto made = certificate();
  Bytes der(static_cast<std::size_t>(i2d_X509(made.get(), nullptr)));
  auto* out = der.data();
  i2d_X509(made.get(), &out);
  return Identity::create(key(), Certificate::parse(der).value(), {}).value();
}

}  // namespace keystore::testing
