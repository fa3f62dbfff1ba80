#include "backends/pkcs11/key_wrap.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/internal/public_key_parsed.h"
#include "keystore/internal/sign_params.h"

namespace keystore::pkcs11 {
namespace {

constexpr std::array rows = {
    AesWrapRow{ckm_aes_key_wrap_kwp, "CKM_AES_KEY_WRAP_KWP", AesWrap::kwp},
    AesWrapRow{CKM_AES_KEY_WRAP_PAD, "CKM_AES_KEY_WRAP_PAD", AesWrap::kwp},
    AesWrapRow{ckm_aes_key_wrap_pkcs7, "CKM_AES_KEY_WRAP_PKCS7", AesWrap::pkcs7},
    AesWrapRow{CKM_AES_KEY_WRAP_PAD, "CKM_AES_KEY_WRAP_PAD", AesWrap::pkcs7},
    AesWrapRow{CKM_AES_CBC_PAD, "CKM_AES_CBC_PAD", AesWrap::cbc},
};

constexpr std::size_t wrap_block = 8;  ///< octets (RFC 3394, 2)

const char* cipher_for(AesWrap form) {
  switch (form) {
    case AesWrap::kwp:
      return "AES-256-WRAP-PAD";
    case AesWrap::pkcs7:
      return "AES-256-WRAP";
    case AesWrap::cbc:
      return "AES-256-CBC";
  }
  return "";
}

Secret padded(BytesView data) {
  const auto count = wrap_block - data.size() % wrap_block;
  Secret out(data.size() + count);
  std::ranges::fill(out.writable(), static_cast<std::uint8_t>(count));
  std::ranges::copy(data, out.writable().begin());
  return out;
}

Result<Bytes> encipher(const char* cipher_name, const Secret& key, BytesView iv, BytesView data) {
  const OpensslErrorMark mark;
  const EvpCipherPtr cipher(EVP_CIPHER_fetch(private_lib_ctx(), cipher_name, nullptr));
  const EvpCipherCtxPtr context(EVP_CIPHER_CTX_new());
  Bytes out(data.size() + 2 * EVP_MAX_BLOCK_LENGTH);
  int size = 0;
  int rest = 0;
  if (cipher == nullptr || context == nullptr)
    return Failure(error_from_openssl(Errc::internal, "cannot wrap the key"));
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  if (EVP_EncryptInit_ex2(context.get(), cipher.get(), key.view().data(),
                          iv.empty() ? nullptr : iv.data(), nullptr) != 1 ||
      EVP_EncryptUpdate(context.get(), out.data(), &size, data.data(),
                        static_cast<int>(data.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), out.data() + size, &rest) != 1) {
    return Failure(error_from_openssl(Errc::internal, "cannot wrap the key"));
  }
  out.resize(static_cast<std::size_t>(size + rest));
  return out;
}

}  // namespace

std::vector<AesWrapRow> aes_wraps(const TokenAbilities& abilities) {
  std::vector<AesWrapRow> listed;
  std::ranges::copy_if(rows, std::back_inserter(listed),
                       [&](const AesWrapRow& row) { return abilities.has(row.mechanism); });
  return listed;
}

std::vector<AesWrapRow> aes_wraps_to_keep(const TokenAbilities& abilities) {
  auto listed = aes_wraps(abilities);
  const auto pad = abilities.quirks.key_wrap_pad_is_kwp ? AesWrap::kwp : AesWrap::pkcs7;
  std::erase_if(listed, [pad](const AesWrapRow& row) {
    return row.form == AesWrap::cbc || (row.mechanism == CKM_AES_KEY_WRAP_PAD && row.form != pad);
  });
  return listed;
}

Result<Bytes> wrap_with_aes(AesWrap form, const Secret& key, BytesView iv, BytesView data) {
  if (form != AesWrap::pkcs7)
    return encipher(cipher_for(form), key, form == AesWrap::cbc ? iv : BytesView(), data);
  return encipher(cipher_for(form), key, {}, padded(data).view());
}

std::size_t oaep_room(unsigned rsa_bits, Digest digest) {
  const std::size_t octets = rsa_bits / 8;
  const auto taken = 2 * digest_size(digest) + 2;
  return octets > taken ? octets - taken : 0;
}

Result<Bytes> wrap_with_oaep(const PublicKey& key, Digest digest, BytesView data) {
  const OpensslErrorMark mark;
  const EvpParams parameters(DecryptSpec{.encryption = Encryption::rsa_oaep, .digest = digest});
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(private_lib_ctx(), pkey_of(key), nullptr));
  Bytes out(key.shape().bits / 8 + 1);
  std::size_t size = out.size();
  if (context == nullptr || EVP_PKEY_encrypt_init_ex(context.get(), parameters.get()) != 1 ||
      EVP_PKEY_encrypt(context.get(), out.data(), &size, data.data(), data.size()) != 1) {
    return Failure(error_from_openssl(Errc::internal, "cannot wrap the key"));
  }
  out.resize(size);
  return out;
}

Result<Secret> random_secret(std::size_t size) {
  Secret octets(size);
  if (RAND_priv_bytes_ex(private_lib_ctx(), octets.writable().data(), size, 0) == 1) return octets;
  return Failure(error_from_openssl(Errc::internal, "cannot make random octets"));
}

}  // namespace keystore::pkcs11
