#include "keystore/verify/internal/pem_objects.h"

#include <openssl/pem.h>

#include <string>

#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/verify/internal/member.h"
#include "keystore/verify/verify.h"

namespace keystore::verify {
namespace {

struct PemObject {
  std::string label = {};
  Bytes der = {};
};

std::vector<PemObject> pem_objects(BytesView file) {
  const OpensslErrorMark mark;
  std::vector<PemObject> objects;
  const BioPtr bio(BIO_new_mem_buf(file.data(), static_cast<int>(file.size())));
  if (bio == nullptr) return objects;
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  while (PEM_read_bio(bio.get(), &label, &header, &data, &size) == 1) {
    const OpensslMemoryPtr<char> label_owned(label);
    const OpensslMemoryPtr<char> header_owned(header);
    const OpensslMemoryPtr<unsigned char> data_owned(data);
    objects.push_back({label, Bytes(data, data + size)});
  }
  return objects;
}

bool is_der(BytesView file) { return !file.empty() && file[0] == 0x30; }

}  // namespace

std::vector<CertificateObject> certificate_objects(BytesView file) {
  if (is_der(file)) return {{Bytes(file.begin(), file.end()), false}};
  std::vector<CertificateObject> found;
  for (auto& object : pem_objects(file)) {
    if (object.label == PEM_STRING_X509 || object.label == PEM_STRING_X509_OLD) {
      found.push_back({std::move(object.der), false});
    } else if (object.label == PEM_STRING_X509_TRUSTED) {
      found.push_back({std::move(object.der), true});
    }
  }
  return found;
}

std::vector<Bytes> crl_objects(BytesView file) {
  if (is_der(file)) return {Bytes(file.begin(), file.end())};
  std::vector<Bytes> found;
  for (auto& object : pem_objects(file)) {
    if (object.label == PEM_STRING_X509_CRL) found.push_back(std::move(object.der));
  }
  return found;
}

Result<std::vector<Certificate>> read_certificates(BytesView file) {
  std::vector<Certificate> certificates;
  Error first = {Errc::not_found, "there is no certificate"};
  for (const auto& object : certificate_objects(file)) {
    auto der = object.der;
    if (object.trust_settings) {
      const auto member = Member::parse(object.der, true);
      if (member) der.assign(member->der().begin(), member->der().end());
    }
    auto certificate = Certificate::parse(der);
    if (certificate) {
      certificates.push_back(*std::move(certificate));
    } else if (first.code == Errc::not_found) {
      first = certificate.error();
    }
  }
  if (certificates.empty()) return Failure(first);
  return certificates;
}

std::vector<Bytes> read_crls(BytesView file) { return crl_objects(file); }

}  // namespace keystore::verify
