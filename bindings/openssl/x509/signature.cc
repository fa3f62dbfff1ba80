#include "bindings/openssl/x509/signature.h"

#include <fmt/format.h>

#include <array>

#include "keystore/internal/der.h"

namespace keystore::openssl {
namespace {

/// RSASSA-PSS-params (RFC 4055, 3.1): SHA-256, MGF1 with SHA-256, salt of 32 octets.
constexpr std::array<std::uint8_t, 54> pss_sha256 = {
    0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
    0x04, 0x02, 0x01, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48,
    0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x20};

AlgorithmPtr algorithm(int nid, int parameter_type);
AlgorithmPtr pss_algorithm();

}  // namespace

Result<CertificateSignature> signature_for(const KeyShape& shape) {
  switch (shape.type) {
    case KeyType::rsa:
      if (shape.rsa_pss_only) {
        return CertificateSignature{{SignAlgorithm::rsa_pss, SignInput::message, Digest::sha256},
                                    pss_algorithm()};
      }
      return CertificateSignature{{SignAlgorithm::rsa_pkcs1, SignInput::message, Digest::sha256},
                                  algorithm(NID_sha256WithRSAEncryption, V_ASN1_NULL)};
    case KeyType::ec:
      if (shape.bits <= 256) {
        return CertificateSignature{{SignAlgorithm::ecdsa, SignInput::message, Digest::sha256},
                                    algorithm(NID_ecdsa_with_SHA256, V_ASN1_UNDEF)};
      }
      if (shape.bits <= 384) {
        return CertificateSignature{{SignAlgorithm::ecdsa, SignInput::message, Digest::sha384},
                                    algorithm(NID_ecdsa_with_SHA384, V_ASN1_UNDEF)};
      }
      return CertificateSignature{{SignAlgorithm::ecdsa, SignInput::message, Digest::sha512},
                                  algorithm(NID_ecdsa_with_SHA512, V_ASN1_UNDEF)};
    case KeyType::ed25519:
      return CertificateSignature{{SignAlgorithm::eddsa}, algorithm(NID_ED25519, V_ASN1_UNDEF)};
    case KeyType::ed448:
      return CertificateSignature{{SignAlgorithm::eddsa}, algorithm(NID_ED448, V_ASN1_UNDEF)};
    case KeyType::x25519:
    case KeyType::x448:
    case KeyType::dsa:
    case KeyType::other:
      break;
  }
  return fail(Errc::unsupported,
              fmt::format("keys of type {} sign no certificates here", to_string(shape.type)));
}

Result<Bytes> sign_structure(const Key& key, const CertificateSignature& signature,
                             BytesView to_be_signed) {
  const auto octets = key.sign_digest(signature.spec, to_be_signed);
  if (!octets) return Failure(octets.error());
  std::uint8_t* der = nullptr;
  const int size = i2d_X509_ALGOR(signature.algorithm.get(), &der);
  if (size <= 0) throw std::bad_alloc();
  const OpensslMemoryPtr<std::uint8_t> owned(der);
  Bytes content(to_be_signed.begin(), to_be_signed.end());
  content.insert(content.end(), der, der + size);
  Bytes bits = {0};
  bits.insert(bits.end(), octets->begin(), octets->end());
  append_der(content, der_tag::bit_string, bits);
  Bytes whole;
  append_der(whole, der_tag::sequence, content);
  return whole;
}

namespace {

AlgorithmPtr algorithm(int nid, int parameter_type) {
  AlgorithmPtr made(X509_ALGOR_new());
  if (!made || X509_ALGOR_set0(made.get(), OBJ_nid2obj(nid), parameter_type, nullptr) != 1) {
    throw std::bad_alloc();
  }
  return made;
}

AlgorithmPtr pss_algorithm() {
  using StringPtr = std::unique_ptr<ASN1_STRING, FreeWith<ASN1_STRING_free>>;
  StringPtr parameters(ASN1_STRING_new());
  AlgorithmPtr made(X509_ALGOR_new());
  const bool good =
      parameters && made &&
      ASN1_STRING_set(parameters.get(), pss_sha256.data(), static_cast<int>(pss_sha256.size())) &&
      X509_ALGOR_set0(made.get(), OBJ_nid2obj(NID_rsassaPss), V_ASN1_SEQUENCE, parameters.get());
  if (!good) throw std::bad_alloc();
  (void)parameters.release();
  return made;
}

}  // namespace
}  // namespace keystore::openssl
