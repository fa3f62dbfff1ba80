#include "backends/pem/decrypt.h"

#include <algorithm>

#include "backends/pem/der.h"
#include "keystore/internal/asn1.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/internal/pbe.h"

namespace keystore::pem {
namespace {

constexpr int our_iterations = 600'000;

Result<Secret> key_or_wrong_passphrase(Result<Secret> decrypted);
int length_of(const Secret& secret) { return static_cast<int>(secret.size()); }
const char* text_of(const Secret& secret) {
  return secret.empty() ? "" : reinterpret_cast<const char*>(secret.view().data());
}

}  // namespace

Result<Secret> decrypt_pkcs8(BytesView encrypted, const Secret& passphrase, WorkBudget& budget) {
  const OpensslErrorMark mark;
  const std::uint8_t* in = encrypted.data();
  const X509SigPtr parsed(d2i_X509_SIG(nullptr, &in, static_cast<long>(encrypted.size())));
  if (!parsed) return Failure(error_from_openssl(Errc::malformed, "no EncryptedPrivateKeyInfo"));
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_OCTET_STRING* octets = nullptr;
  X509_SIG_get0(parsed.get(), &algorithm, &octets);
  return key_or_wrong_passphrase(
      decrypt_pbe(*algorithm, octets_of(octets), {.text = passphrase.view()}, budget));
}

Result<Secret> decrypt_traditional(const LegacyEncryption& encryption, BytesView encrypted,
                                   const Secret& passphrase) {
  const OpensslErrorMark mark;
  const EvpCipherPtr cipher(EVP_CIPHER_fetch(lib_ctx_with_cipher(encryption.cipher.c_str()),
                                             encryption.cipher.c_str(), nullptr));
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
  return key_or_wrong_passphrase(run_decryption(context.get(), encrypted));
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

/// Every private key that we decrypt is a SEQUENCE that starts with its version.
bool looks_like_key(BytesView der) {
  const auto parts = der_sequence_elements(der);
  return parts && parts->size() >= 2 && parts->front().tag == der_tag::integer;
}

/// A wrong passphrase mostly shows as bad padding; one in 256 has padding that looks good by luck,
/// and then what comes out is no DER.
Result<Secret> key_or_wrong_passphrase(Result<Secret> decrypted) {
  if (!decrypted || looks_like_key(decrypted->view())) return decrypted;
  return fail(Errc::pin_incorrect, "wrong passphrase");
}

}  // namespace
}  // namespace keystore::pem
