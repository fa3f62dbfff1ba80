#include "tests/bindings/openssl/file_keys.h"

#include "keystore/store.h"
#include "tests/bindings/openssl/test_authority.h"

namespace keystore::testing {

FileKey::FileKey(const Workspace& folder, const std::string& type)
    : type_(type), plain_(make_plain_key(type)) {
  const auto path = folder.write(type + ".pem", key_to_pem(plain_.get()));
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

}  // namespace keystore::testing
