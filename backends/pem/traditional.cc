#include "backends/pem/traditional.h"

#include <algorithm>
#include <array>

#include "backends/pem/der.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"

// RSA and EC keys are wrapped as they are: OpenSSL's decoders leave copies of a key behind.

namespace keystore::pem {
namespace {

// rsaEncryption with NULL (RFC 8017, A.1); id-ecPublicKey (RFC 5480, 2.1.1).
constexpr std::array<std::uint8_t, 13> rsa_algorithm{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                                     0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
constexpr std::array<std::uint8_t, 9> ec_oid{0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};

Secret wrap(BytesView algorithm, const Secret& key);
Result<Secret> wrap_ec(const Secret& octets, BytesView parameters);
Result<Secret> convert_dsa(const Secret& octets);

}  // namespace

Result<Secret> traditional_to_pkcs8(Form form, const Secret& octets, BytesView ec_parameters) {
  if (!der_sequence_elements(octets.view())) return fail(Errc::malformed, "the key is cut off");
  if (form == Form::rsa_key) return wrap(rsa_algorithm, octets);
  return form == Form::ec_key ? wrap_ec(octets, ec_parameters) : convert_dsa(octets);
}

namespace {

/// Tag and length of an element, without its content: that is secret and copied once.
Bytes der_head(std::uint8_t tag, std::size_t size) {
  Bytes length;
  for (std::size_t rest = size; rest > 0; rest >>= 8U) {
    length.insert(length.begin(), static_cast<std::uint8_t>(rest));
  }
  Bytes head{tag};
  if (size >= 0x80) head.push_back(static_cast<std::uint8_t>(0x80U | length.size()));
  head.insert(head.end(), length.begin(), length.end());
  return head;
}

/// PrivateKeyInfo { 0, algorithm, OCTET STRING key } (RFC 5958, 2).
Secret wrap(BytesView algorithm, const Secret& key) {
  Bytes head{der_tag::integer, 1, 0};
  append_der(head, der_tag::sequence, algorithm);
  const Bytes key_head = der_head(der_tag::octet_string, key.size());
  head.insert(head.end(), key_head.begin(), key_head.end());
  const Bytes outer = der_head(der_tag::sequence, head.size() + key.size());
  Secret der(outer.size() + head.size() + key.size());
  auto out = std::ranges::copy(outer, der.writable().begin()).out;
  out = std::ranges::copy(head, out).out;
  std::ranges::copy(key.view(), out);
  return der;
}

/// ECPrivateKey { 1, key, [0] parameters, [1] public key } (RFC 5915, 3).
Result<Secret> wrap_ec(const Secret& octets, BytesView parameters) {
  const auto parts = der_sequence_elements(octets.view());
  for (const auto& part : *parts) {
    if (part.tag == der_tag::context_0) parameters = part.content;
  }
  if (parameters.empty()) return fail(Errc::malformed, "the key names no curve");
  Bytes algorithm(ec_oid.begin(), ec_oid.end());
  algorithm.insert(algorithm.end(), parameters.begin(), parameters.end());
  return wrap(algorithm, octets);
}

Result<Secret> convert_dsa(const Secret& octets) {
  const OpensslErrorMark mark;
  EVP_PKEY* decoded = nullptr;
  const OsslDecoderCtxPtr decoder(OSSL_DECODER_CTX_new_for_pkey(
      &decoded, "DER", "type-specific", "DSA", EVP_PKEY_KEYPAIR, private_lib_ctx(), nullptr));
  const std::uint8_t* in = octets.view().data();
  std::size_t in_size = octets.size();
  const bool good = OSSL_DECODER_from_data(decoder.get(), &in, &in_size) == 1;
  const EvpPkeyPtr pkey(decoded);
  if (!good) return Failure(error_from_openssl(Errc::malformed, "the key cannot be decoded"));
  const OsslEncoderCtxPtr encoder(OSSL_ENCODER_CTX_new_for_pkey(pkey.get(), OSSL_KEYMGMT_SELECT_ALL,
                                                                "DER", "PrivateKeyInfo", nullptr));
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (OSSL_ENCODER_to_bio(encoder.get(), bio.get()) != 1) {
    return Failure(error_from_openssl(Errc::internal, "the key cannot be turned into PKCS#8"));
  }
  const char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return Secret::copy_of(std::string_view(data, static_cast<std::size_t>(size)));
}

}  // namespace
}  // namespace keystore::pem
