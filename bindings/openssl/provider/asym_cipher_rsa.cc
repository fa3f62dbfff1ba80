#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include "bindings/openssl/provider/asym_cipher.h"
#include "bindings/openssl/provider/dispatch/entry.h"
#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/dispatch/params.h"
#include "bindings/openssl/provider/key_object.h"
#include "bindings/openssl/provider/private_operation.h"
#include "bindings/openssl/provider/rsa_padding.h"
#include "bindings/openssl/provider/tls_premaster.h"
#include "keystore/config.h"
#include "keystore/internal/lib_ctx.h"

namespace keystore::provider {
namespace {

struct Cipher {
  const Provider* provider;
  MaterialPtr material = {};
  EvpPkeyCtxPtr software = {};  ///< set: encryption, and everything about software keys
  int padding = RSA_PKCS1_PADDING;
  DigestChoice digest = {};
  DigestChoice mgf = {};
  Bytes label = {};
  PremasterVersions versions = {};
};

Cipher& cipher_of(void* data) { return *static_cast<Cipher*>(data); }

bool set_digest(const Cipher& cipher, const OSSL_PARAM params[], const char* name,
                DigestChoice& chosen) {
  const auto text = text_param(params, name);
  if (!text) return true;
  const auto found = cipher.provider->digests().find(*text);
  if (found.digest == Digest::none) {
    raise(*cipher.provider, Errc::unsupported,
          "digest " + *text + " is not one that OAEP here uses");
    return false;
  }
  chosen = found;
  return true;
}

bool allows_static_rsa() {
  const auto config = process_config();
  return config && (*config)->openssl.static_rsa;
}

bool set_padding(Cipher& cipher, const OSSL_PARAM params[]) {
  if (OSSL_PARAM_locate_const(params, OSSL_ASYM_CIPHER_PARAM_PAD_MODE) == nullptr) return true;
  const auto asked = padding_param(params);
  const bool premaster = asked == RSA_PKCS1_WITH_TLS_PADDING;
  const bool known = premaster || asked == RSA_PKCS1_PADDING || asked == RSA_PKCS1_OAEP_PADDING ||
                     asked == RSA_NO_PADDING;
  if (!known) {
    raise(*cipher.provider, Errc::unsupported,
          "this RSA padding is not offered for decryption with a stored key");
    return false;
  }
  if (premaster && !allows_static_rsa()) {
    raise(*cipher.provider, Error{Errc::refused_by_policy,
                                  "TLS 1.2's RSA key exchange with a stored key is switched off",
                                  {},
                                  "use cipher suites with ECDHE or DHE, or set static_rsa = true "
                                  "under [openssl] in the configuration"});
    return false;
  }
  cipher.padding = *asked;
  return true;
}

bool set_all(Cipher& cipher, const OSSL_PARAM params[]) {
  if (params == nullptr || params[0].key == nullptr) return true;
  if (!set_padding(cipher, params) ||
      !set_digest(cipher, params, OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, cipher.digest) ||
      !set_digest(cipher, params, OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, cipher.mgf)) {
    return false;
  }
  if (auto label = octets_param(params, OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL)) {
    cipher.label = *std::move(label);
  }
  const auto set_version = [&](const char* name, unsigned& version) {
    if (const auto given = size_param(params, name)) version = static_cast<unsigned>(*given);
  };
  set_version(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, cipher.versions.offered);
  set_version(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, cipher.versions.negotiated);
  return true;
}

DecryptSpec spec_of(const Cipher& cipher) {
  if (cipher.padding == RSA_NO_PADDING || cipher.padding == RSA_PKCS1_WITH_TLS_PADDING) {
    return {.encryption = Encryption::rsa_raw};
  }
  if (cipher.padding == RSA_PKCS1_PADDING) return {.encryption = Encryption::rsa_pkcs1};
  // RFC 8017, appendix C: SHA-1 where nothing is said, as in CMS and OpenSSL.
  const auto digest = cipher.digest.md ? cipher.digest.digest : Digest::sha1;
  return {.encryption = Encryption::rsa_oaep,
          .digest = digest,
          .mgf_digest = cipher.mgf.md ? cipher.mgf.digest : digest,
          .label = cipher.label};
}

void* create(void* data) noexcept {
  const auto& provider = *static_cast<const Provider*>(data);
  return guard<void*>(provider, nullptr, [&] { return new Cipher{&provider}; });
}

void* duplicate(void* data) noexcept {
  const auto& cipher = cipher_of(data);
  return guard<void*>(*cipher.provider, nullptr, [&]() -> void* {
    EvpPkeyCtxPtr software(cipher.software ? EVP_PKEY_CTX_dup(cipher.software.get()) : nullptr);
    if (cipher.software && !software) return nullptr;
    return new Cipher{cipher.provider, cipher.material, std::move(software), cipher.padding,
                      cipher.digest,   cipher.mgf,      cipher.label,        cipher.versions};
  });
}

bool begin(Cipher& cipher, void* key) {
  if (key != nullptr) cipher.material = static_cast<KeyObject*>(key)->material;
  cipher = Cipher{cipher.provider, std::move(cipher.material)};
  return cipher.material != nullptr;
}

EvpPkeyCtxPtr software_context(const Cipher& cipher) {
  return EvpPkeyCtxPtr(
      EVP_PKEY_CTX_new_from_pkey(private_lib_ctx(), cipher.material->mirror(), nullptr));
}

int encrypt_init(void* data, void* key, const OSSL_PARAM params[]) noexcept {
  auto& cipher = cipher_of(data);
  return guard(*cipher.provider, 0, [&] {
    if (!begin(cipher, key)) return 0;
    cipher.software = software_context(cipher);
    return EVP_PKEY_encrypt_init_ex(cipher.software.get(), params) == 1 ? 1 : 0;
  });
}

int decrypt_init(void* data, void* key, const OSSL_PARAM params[]) noexcept {
  auto& cipher = cipher_of(data);
  return guard(*cipher.provider, 0, [&] {
    if (!begin(cipher, key) || !cipher.material->has_private()) return 0;
    if (!cipher.material->software()) return set_all(cipher, params) ? 1 : 0;
    cipher.software = software_context(cipher);
    return EVP_PKEY_decrypt_init_ex(cipher.software.get(), params) == 1 ? 1 : 0;
  });
}

int encrypt(void* data, unsigned char* out, std::size_t* size, std::size_t capacity,
            const unsigned char* in, std::size_t in_size) noexcept {
  auto& cipher = cipher_of(data);
  return guard(*cipher.provider, 0, [&] {
    if (!cipher.software) return 0;
    *size = capacity;
    return EVP_PKEY_encrypt(cipher.software.get(), out, size, in, in_size) == 1 ? 1 : 0;
  });
}

// The token does the RSA operation alone, because what it would say of a padding is an oracle.
int decrypt_premaster(const Cipher& cipher, unsigned char* out, std::size_t* size,
                      std::size_t capacity, BytesView ciphertext) {
  if (out == nullptr) return *size = premaster_size, 1;
  const auto modulus = cipher.material->figures.max_size;
  if (capacity < premaster_size || modulus < smallest_premaster_block ||
      cipher.versions.offered == 0) {
    raise(*cipher.provider, Errc::invalid_argument,
          "TLS's RSA key exchange needs 48 octets of room, a modulus of 59 and the version that "
          "the client offered");
    return 0;
  }
  const auto result = ask_to_decrypt(*cipher.material->key, spec_of(cipher), ciphertext);
  if (!result) {
    raise(*cipher.provider, result.error());
    return 0;
  }
  Premaster premaster = {};
  if (result->size() > modulus ||
      RAND_priv_bytes_ex(private_lib_ctx(), premaster.data(), premaster.size(), 0) != 1) {
    raise(*cipher.provider, Errc::internal,
          "the RSA operation gave too much, or there is no random");
    return 0;
  }
  // Some tokens leave leading zeros out.
  Secret block(modulus);
  std::ranges::copy(result->view(), block.writable().last(result->size()).begin());
  take_premaster(block.view(), cipher.versions, premaster);
  *size = premaster.size();
  std::ranges::copy(premaster, out);
  OPENSSL_cleanse(premaster.data(), premaster.size());
  return 1;
}

int decrypt_in_store(const Cipher& cipher, unsigned char* out, std::size_t* size,
                     std::size_t capacity, BytesView ciphertext) {
  if (cipher.padding == RSA_PKCS1_WITH_TLS_PADDING) {
    return decrypt_premaster(cipher, out, size, capacity, ciphertext);
  }
  if (out == nullptr) {
    *size = cipher.material->figures.max_size;
    return 1;
  }
  const auto plain = ask_to_decrypt(*cipher.material->key, spec_of(cipher), ciphertext);
  if (!plain) {
    raise(*cipher.provider, plain.error());
    return 0;
  }
  if (copy_out(plain->view(), out, size, capacity)) return 1;
  raise(*cipher.provider, Errc::invalid_argument, "the buffer is too small for the plaintext");
  return 0;
}

int decrypt(void* data, unsigned char* out, std::size_t* size, std::size_t capacity,
            const unsigned char* in, std::size_t in_size) noexcept {
  auto& cipher = cipher_of(data);
  return guard(*cipher.provider, 0, [&] {
    if (!cipher.software) return decrypt_in_store(cipher, out, size, capacity, {in, in_size});
    *size = capacity;
    return EVP_PKEY_decrypt(cipher.software.get(), out, size, in, in_size) == 1 ? 1 : 0;
  });
}

int set_params(void* data, const OSSL_PARAM params[]) noexcept {
  auto& cipher = cipher_of(data);
  return guard(*cipher.provider, 0, [&] {
    if (!cipher.software) return set_all(cipher, params) ? 1 : 0;
    return EVP_PKEY_CTX_set_params(cipher.software.get(), params) == 1 ? 1 : 0;
  });
}

int get_params(void* data, OSSL_PARAM params[]) noexcept {
  auto& cipher = cipher_of(data);
  return guard(*cipher.provider, 0, [&] {
    if (cipher.software) return EVP_PKEY_CTX_get_params(cipher.software.get(), params) == 1 ? 1 : 0;
    const auto* digest = cipher.digest.md ? EVP_MD_get0_name(cipher.digest.md) : "SHA1";
    const auto* mgf = cipher.mgf.md ? EVP_MD_get0_name(cipher.mgf.md) : digest;
    auto* label = OSSL_PARAM_locate(params, OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL);
    return answer_padding(params, cipher.padding) &&
                   answer_text(params, OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, digest) &&
                   answer_text(params, OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, mgf) &&
                   (!label ||
                    OSSL_PARAM_set_octet_ptr(label, cipher.label.data(), cipher.label.size()))
               ? 1
               : 0;
  });
}

const OSSL_PARAM* gettable(void*, void*) noexcept {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, nullptr, 0),
      OSSL_PARAM_DEFN(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, OSSL_PARAM_OCTET_PTR, nullptr, 0),
      OSSL_PARAM_END};
  return table;
}

const OSSL_PARAM* settable(void*, void*) noexcept {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST_PROPS, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST_PROPS, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, nullptr, 0),
      OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, nullptr),
      OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, nullptr),
      OSSL_PARAM_END};
  return table;
}

}  // namespace

const OSSL_DISPATCH* rsa_cipher_table() noexcept {
  static const std::array rows = {
      entry<OSSL_FUNC_asym_cipher_newctx_fn>(OSSL_FUNC_ASYM_CIPHER_NEWCTX, create),
      entry<OSSL_FUNC_asym_cipher_freectx_fn>(OSSL_FUNC_ASYM_CIPHER_FREECTX, destroy<Cipher>),
      entry<OSSL_FUNC_asym_cipher_dupctx_fn>(OSSL_FUNC_ASYM_CIPHER_DUPCTX, duplicate),
      entry<OSSL_FUNC_asym_cipher_encrypt_init_fn>(OSSL_FUNC_ASYM_CIPHER_ENCRYPT_INIT,
                                                   encrypt_init),
      entry<OSSL_FUNC_asym_cipher_encrypt_fn>(OSSL_FUNC_ASYM_CIPHER_ENCRYPT, encrypt),
      entry<OSSL_FUNC_asym_cipher_decrypt_init_fn>(OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT,
                                                   decrypt_init),
      entry<OSSL_FUNC_asym_cipher_decrypt_fn>(OSSL_FUNC_ASYM_CIPHER_DECRYPT, decrypt),
      entry<OSSL_FUNC_asym_cipher_get_ctx_params_fn>(OSSL_FUNC_ASYM_CIPHER_GET_CTX_PARAMS,
                                                     get_params),
      entry<OSSL_FUNC_asym_cipher_gettable_ctx_params_fn>(OSSL_FUNC_ASYM_CIPHER_GETTABLE_CTX_PARAMS,
                                                          gettable),
      entry<OSSL_FUNC_asym_cipher_set_ctx_params_fn>(OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS,
                                                     set_params),
      entry<OSSL_FUNC_asym_cipher_settable_ctx_params_fn>(OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS,
                                                          settable),
      last_entry};
  return rows.data();
}

}  // namespace keystore::provider
