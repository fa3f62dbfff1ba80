#include "keystore/internal/pbe.h"

#include <openssl/core_names.h>

#include <array>

#include "keystore/internal/asn1.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"

namespace keystore {
namespace {

constexpr std::uint64_t most_scrypt_memory = 128U << 20U;
// A unit of scrypt's N * r * p (two mixings of 128 octets) takes as long as two iterations of
// PBKDF2.
constexpr std::uint64_t iterations_per_scrypt_unit = 2;
constexpr std::size_t gcm_tag_size = 16;

Failure broken() { return fail(Errc::malformed, "its encryption parameters are broken"); }
Failure too_much() { return fail(Errc::unsupported, "its key derivation asks for too much work"); }
Failure not_supported() {
  return Failure(error_from_openssl(Errc::unsupported, "its encryption is not supported"));
}

int nid_of(const X509_ALGOR& algorithm) { return OBJ_obj2nid(algorithm.algorithm); }

std::optional<std::uint64_t> number(const ASN1_INTEGER* integer) {
  std::uint64_t value = 0;
  if (integer == nullptr || ASN1_INTEGER_get_uint64(&value, integer) != 1) return {};
  return value;
}

/// Whether the iterations of PBES1, PBKDF2 or a scheme of PKCS#12 may be done.
Result<void> spend(const ASN1_INTEGER* iterations, WorkBudget& budget) {
  if (iterations == nullptr || ASN1_INTEGER_get(iterations) == 0) return broken();
  const auto count = number(iterations);
  if (!count || !budget.spend(*count)) return too_much();
  return {};
}

Result<void> run_kdf(const char* name, const OSSL_PARAM* params, Secret& key) {
  const EvpKdfPtr kdf(EVP_KDF_fetch(private_lib_ctx(), name, nullptr));
  const EvpKdfCtxPtr ctx(EVP_KDF_CTX_new(kdf.get()));
  if (ctx == nullptr || EVP_KDF_derive(ctx.get(), key.writable().data(), key.size(), params) != 1) {
    return not_supported();
  }
  return {};
}

OSSL_PARAM octet_param(const char* name, BytesView octets) {
  static const std::uint8_t none = 0;
  const auto* data = octets.empty() ? &none : octets.data();
  return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(data), octets.size());
}

Result<void> run_pbkdf2(const X509_ALGOR& function, BytesView password, Secret& key,
                        WorkBudget& budget) {
  const auto asked = unpack_parameters<Pbkdf2ParamPtr>(function, ASN1_ITEM_rptr(PBKDF2PARAM));
  if (asked == nullptr || asked->salt->type != V_ASN1_OCTET_STRING) return broken();
  if (auto allowed = spend(asked->iter, budget); !allowed) return allowed;
  int digest = NID_sha1;
  if (asked->prf != nullptr &&
      (EVP_PBE_find(EVP_PBE_TYPE_PRF, nid_of(*asked->prf), nullptr, &digest, nullptr) != 1)) {
    return not_supported();
  }
  std::uint64_t iterations = *number(asked->iter);
  // Old files have short salts and few iterations.
  int any_salt = 1;
  std::array params{
      octet_param(OSSL_KDF_PARAM_PASSWORD, password),
      octet_param(OSSL_KDF_PARAM_SALT, octets_of(asked->salt->value.octet_string)),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &iterations),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>(OBJ_nid2sn(digest)),
                                       0),
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &any_salt),
      OSSL_PARAM_construct_end(),
  };
  return run_kdf("PBKDF2", params.data(), key);
}

Result<void> run_scrypt(const X509_ALGOR& function, BytesView password, Secret& key,
                        WorkBudget& budget) {
  const auto asked = unpack_parameters<ScryptParamsPtr>(function, ASN1_ITEM_rptr(SCRYPT_PARAMS));
  if (asked == nullptr) return broken();
  const auto n = number(asked->costParameter);
  const auto r = number(asked->blockSize);
  const auto p = number(asked->parallelizationParameter);
  if (!n || !r || !p || *n == 0 || *r == 0 || *p == 0) return broken();
  constexpr auto limit = WorkBudget::most_at_once;
  if (*n > limit || *r > limit / *n || *p > limit / (*n * *r) ||
      !budget.spend(*n * *r * *p * iterations_per_scrypt_unit)) {
    return too_much();
  }
  std::uint64_t cost = *n;
  std::uint64_t size = *r;
  std::uint64_t lanes = *p;
  std::uint64_t memory = most_scrypt_memory;
  std::array params{
      octet_param(OSSL_KDF_PARAM_PASSWORD, password),
      octet_param(OSSL_KDF_PARAM_SALT, octets_of(asked->salt)),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &cost),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_R, &size),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_P, &lanes),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
      OSSL_PARAM_construct_end(),
  };
  return run_kdf("SCRYPT", params.data(), key);
}

/// Ready to decrypt PBES2. Errors: as derive_key().
Result<void> init_pbes2(const PBE2PARAM& asked, EVP_CIPHER_CTX* ctx, BytesView password,
                        WorkBudget& budget) {
  const auto& scheme = *asked.encryption;
  const auto* name = OBJ_nid2sn(nid_of(scheme));
  const EvpCipherPtr cipher(EVP_CIPHER_fetch(lib_ctx_with_cipher(name), name, nullptr));
  if (cipher == nullptr || EVP_DecryptInit_ex2(ctx, cipher.get(), nullptr, nullptr, nullptr) != 1) {
    return not_supported();
  }
  BytesView iv;
  const bool aead = EVP_CIPHER_get_mode(cipher.get()) == EVP_CIPH_GCM_MODE;
  if (aead) {
    // RustCrypto writes the nonce alone; RFC 5084 has a sequence that holds it.
    if (scheme.parameter == nullptr || scheme.parameter->type != V_ASN1_OCTET_STRING) {
      return not_supported();
    }
    iv = octets_of(scheme.parameter->value.octet_string);
    if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, static_cast<int>(iv.size()), nullptr) !=
        1) {
      return broken();
    }
  } else if (EVP_CIPHER_asn1_to_param(ctx, scheme.parameter) <= 0) {
    return broken();
  }
  Secret key(static_cast<std::size_t>(EVP_CIPHER_CTX_get_key_length(ctx)));
  if (auto derived = derive_key(*asked.keyfunc, password, key, budget); !derived) return derived;
  if (EVP_DecryptInit_ex2(ctx, nullptr, key.view().data(), aead ? iv.data() : nullptr, nullptr) !=
      1) {
    return not_supported();
  }
  return {};
}

/// Ready to decrypt. Errors: as decrypt_pbe(), not pin_incorrect.
Result<void> init_cipher(const X509_ALGOR& algorithm, EVP_CIPHER_CTX* ctx,
                         const PbePassword& password, WorkBudget& budget) {
  if (nid_of(algorithm) == NID_pbes2) {
    const auto asked = unpack_parameters<Pbe2ParamPtr>(algorithm, ASN1_ITEM_rptr(PBE2PARAM));
    return asked == nullptr ? broken() : init_pbes2(*asked, ctx, password.text, budget);
  }
  int cipher = NID_undef;
  if (EVP_PBE_find(EVP_PBE_TYPE_OUTER, nid_of(algorithm), &cipher, nullptr, nullptr) != 1) {
    return not_supported();
  }
  const auto asked = unpack_parameters<PbeParamPtr>(algorithm, ASN1_ITEM_rptr(PBEPARAM));
  if (asked == nullptr) return broken();
  if (auto allowed = spend(asked->iter, budget); !allowed) return allowed;
  const auto* text = password.absent         ? nullptr
                     : password.text.empty() ? ""
                                             : reinterpret_cast<const char*>(password.text.data());
  if (EVP_PBE_CipherInit_ex(algorithm.algorithm, text, static_cast<int>(password.text.size()),
                            algorithm.parameter, ctx, 0, lib_ctx_with_cipher(OBJ_nid2sn(cipher)),
                            nullptr) != 1) {
    return not_supported();
  }
  return {};
}

}  // namespace

Result<void> derive_key(const X509_ALGOR& function, BytesView password, Secret& key,
                        WorkBudget& budget) {
  switch (nid_of(function)) {
    case NID_id_pbkdf2:
      return run_pbkdf2(function, password, key, budget);
    case NID_id_scrypt:
      return run_scrypt(function, password, key, budget);
    default:
      return not_supported();
  }
}

Result<Secret> run_decryption(EVP_CIPHER_CTX* ctx, BytesView encrypted) {
  const bool aead = EVP_CIPHER_CTX_get_mode(ctx) == EVP_CIPH_GCM_MODE;
  const auto block = static_cast<std::size_t>(EVP_CIPHER_CTX_get_block_size(ctx));
  if (encrypted.size() < (aead ? gcm_tag_size : 1) || encrypted.size() % block != 0) {
    return fail(Errc::malformed, "what is encrypted is cut off");
  }
  if (aead) {
    const auto tag = encrypted.last(gcm_tag_size);
    encrypted = encrypted.first(encrypted.size() - gcm_tag_size);
    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, gcm_tag_size,
                        const_cast<std::uint8_t*>(tag.data()));
  }
  Secret plain(encrypted.size() + block);
  int size = 0;
  int rest = 0;
  auto* out = plain.writable().data();
  if (EVP_DecryptUpdate(ctx, out, &size, encrypted.data(), static_cast<int>(encrypted.size())) !=
          1 ||
      EVP_DecryptFinal_ex(ctx, out + size, &rest) != 1) {
    return Failure(error_from_openssl(Errc::pin_incorrect, "wrong passphrase"));
  }
  plain.shrink(static_cast<std::size_t>(size + rest));
  return plain;
}

Result<Secret> decrypt_pbe(const X509_ALGOR& algorithm, BytesView encrypted,
                           const PbePassword& password, WorkBudget& budget) {
  const OpensslErrorMark mark;
  const EvpCipherCtxPtr ctx(EVP_CIPHER_CTX_new());
  if (ctx == nullptr) throw std::bad_alloc();
  if (auto ready = init_cipher(algorithm, ctx.get(), password, budget); !ready) {
    return Failure(ready.error());
  }
  return run_decryption(ctx.get(), encrypted);
}

}  // namespace keystore
