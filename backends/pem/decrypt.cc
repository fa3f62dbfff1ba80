#include "backends/pem/decrypt.h"

#include <algorithm>

#include "backends/pem/der.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::pem {
namespace {

// A key file may be anyone's: what it can make us compute is bounded. Memory for scrypt is bounded
// by OpenSSL (32 MiB).
constexpr std::uint64_t most_iterations = 10'000'000;
constexpr std::uint64_t most_scrypt_work = 1U << 22U;
constexpr int our_iterations = 600'000;


bool asks_too_much(BytesView encrypted);
Result<Secret> finish_decryption(EVP_CIPHER_CTX* context, BytesView encrypted);
int length_of(const Secret& secret) { return static_cast<int>(secret.size()); }
const char* text_of(const Secret& secret) {
  return secret.empty() ? "" : reinterpret_cast<const char*>(secret.view().data());
}

}  // namespace

Result<Secret> decrypt_pkcs8(BytesView encrypted, const Secret& passphrase) {
  const OpensslErrorMark mark;
  const std::uint8_t* in = encrypted.data();
  const X509SigPtr parsed(d2i_X509_SIG(nullptr, &in, static_cast<long>(encrypted.size())));
  if (!parsed) return Failure(error_from_openssl(Errc::malformed, "no EncryptedPrivateKeyInfo"));
  if (asks_too_much(encrypted)) {
    return fail(Errc::unsupported, "its key derivation asks for too much work");
  }
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_OCTET_STRING* octets = nullptr;
  X509_SIG_get0(parsed.get(), &algorithm, &octets);
  const ASN1_OBJECT* oid = nullptr;
  int parameter_type = 0;
  const void* parameter = nullptr;
  X509_ALGOR_get0(&oid, &parameter_type, &parameter, algorithm);
  const EvpCipherCtxPtr context(EVP_CIPHER_CTX_new());
  if (parameter_type != V_ASN1_SEQUENCE ||
      EVP_PBE_CipherInit_ex(const_cast<ASN1_OBJECT*>(oid), text_of(passphrase),
                            length_of(passphrase), algorithm->parameter, context.get(), 0,
                            private_lib_ctx(), nullptr) != 1) {
    return Failure(error_from_openssl(Errc::unsupported, "its encryption is not supported"));
  }
  return finish_decryption(context.get(), {ASN1_STRING_get0_data(octets),
                                           static_cast<std::size_t>(ASN1_STRING_length(octets))});
}

Result<Secret> decrypt_traditional(const LegacyEncryption& encryption, BytesView encrypted,
                                   const Secret& passphrase) {
  const OpensslErrorMark mark;
  const EvpCipherPtr cipher(
      EVP_CIPHER_fetch(private_lib_ctx(), encryption.cipher.c_str(), nullptr));
  if (!cipher || EVP_CIPHER_get_mode(cipher.get()) != EVP_CIPH_CBC_MODE) {
    return Failure(error_from_openssl(Errc::unsupported, "its encryption is not supported"));
  }
  if (encryption.iv.size() < PKCS5_SALT_LEN ||
      encryption.iv.size() != static_cast<std::size_t>(EVP_CIPHER_get_iv_length(cipher.get()))) {
    return fail(Errc::malformed, "its DEK-Info header has an IV of the wrong size");
  }
  const EvpMdPtr md5(EVP_MD_fetch(private_lib_ctx(), "MD5", nullptr));
  Secret key(EVP_MAX_KEY_LENGTH);
  const EvpCipherCtxPtr context(EVP_CIPHER_CTX_new());
  if (!md5 ||
      EVP_BytesToKey(cipher.get(), md5.get(), encryption.iv.data(),
                     reinterpret_cast<const std::uint8_t*>(text_of(passphrase)),
                     length_of(passphrase), 1, key.writable().data(), nullptr) <= 0 ||
      EVP_DecryptInit_ex2(context.get(), cipher.get(), key.view().data(), encryption.iv.data(),
                          nullptr) != 1) {
    return Failure(error_from_openssl(Errc::unsupported, "its encryption is not supported"));
  }
  return finish_decryption(context.get(), encrypted);
}

Result<Secret> encrypt_pkcs8(const Secret& pkcs8, const Secret& passphrase) {
  const OpensslErrorMark mark;
  const std::uint8_t* in = pkcs8.view().data();
  const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &in, static_cast<long>(pkcs8.size())));
  const EvpCipherPtr cipher(EVP_CIPHER_fetch(private_lib_ctx(), "AES-256-CBC", nullptr));
  if (!info) return Failure(error_from_openssl(Errc::malformed, "no PrivateKeyInfo"));
  const X509SigPtr encrypted(PKCS8_encrypt_ex(-1, cipher.get(), text_of(passphrase),
                                              length_of(passphrase), nullptr, 0, our_iterations,
                                              info.get(), private_lib_ctx(), nullptr));
  if (!encrypted) return Failure(error_from_openssl(Errc::internal, "cannot encrypt the key"));
  Secret der(static_cast<std::size_t>(i2d_X509_SIG(encrypted.get(), nullptr)));
  std::uint8_t* out = der.writable().data();
  i2d_X509_SIG(encrypted.get(), &out);
  return der;
}

namespace {

/// The product of the small integers at the front of a KDF's parameters: iterations, or N, r, p.
std::uint64_t work_of(const std::vector<DerElement>& parameters, std::size_t integers) {
  std::uint64_t work = 1;
  for (std::size_t i = 1; i <= integers && i < parameters.size(); ++i) {
    const auto value = der_integer(parameters[i].content);
    if (!value || *value > most_iterations) return UINT64_MAX;
    work = work > most_iterations ? work : work * *value;
  }
  return work;
}

/// Looks into SEQUENCE { algorithm, parameters { salt, iterations } } of PBES1 and PBKDF2, and at
/// scrypt's { salt, N, r, p } (RFC 7914, 7).
bool kdf_asks_too_much(const DerElement& algorithm, bool inside_pbes2) {
  const auto parts = der_elements(algorithm.content);
  if (!parts || parts->size() < 2 || (*parts)[1].tag != der_tag::sequence) return false;
  const auto parameters = der_elements((*parts)[1].content);
  if (!parameters || parameters->empty()) return false;
  const auto& first = parameters->front();
  if (first.tag == der_tag::sequence) return !inside_pbes2 && kdf_asks_too_much(first, true);
  const bool scrypt = parameters->size() >= 4 && (*parameters)[2].tag == der_tag::integer &&
                      (*parameters)[3].tag == der_tag::integer;
  return work_of(*parameters, scrypt ? 3 : 1) > (scrypt ? most_scrypt_work : most_iterations);
}

bool asks_too_much(BytesView encrypted) {
  const auto parts = der_sequence_elements(encrypted);
  return parts && !parts->empty() && kdf_asks_too_much(parts->front(), false);
}

/// Every private key that we decrypt is a SEQUENCE that starts with its version.
bool looks_like_key(BytesView der) {
  const auto parts = der_sequence_elements(der);
  return parts && parts->size() >= 2 && parts->front().tag == der_tag::integer;
}

/// A wrong passphrase mostly shows as bad padding; one in 256 has padding that looks good by luck,
/// and then what comes out is no DER. Ciphertext that was never whole blocks is a broken file.
Result<Secret> finish_decryption(EVP_CIPHER_CTX* context, BytesView encrypted) {
  const auto block = static_cast<std::size_t>(EVP_CIPHER_CTX_get_block_size(context));
  if (encrypted.empty() || encrypted.size() % block != 0) {
    return fail(Errc::malformed, "the encrypted key is cut off");
  }
  Secret plain(encrypted.size() + block);
  int size = 0;
  int rest = 0;
  auto* out = plain.writable().data();
  if (EVP_DecryptUpdate(context, out, &size, encrypted.data(),
                        static_cast<int>(encrypted.size())) != 1 ||
      EVP_DecryptFinal_ex(context, out + size, &rest) != 1) {
    return Failure(error_from_openssl(Errc::pin_incorrect, "wrong passphrase"));
  }
  plain.shrink(static_cast<std::size_t>(size + rest));
  if (!looks_like_key(plain.view())) return fail(Errc::pin_incorrect, "wrong passphrase");
  return plain;
}

}  // namespace
}  // namespace keystore::pem
