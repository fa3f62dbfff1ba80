#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <array>

#include "bindings/openssl/provider/dispatch/signature_functions.h"
#include "bindings/openssl/provider/rsa_padding.h"
#include "bindings/openssl/provider/signature.h"

namespace keystore::provider {
namespace {

/// PKCS#1 v1.5, PSS and raw signatures (RFC 8017), as the parameters say.
struct RsaSettings {
  int padding = RSA_PKCS1_PADDING;
  bool padding_chosen = false;
  bool pss_only = false;
  int salt = RSA_PSS_SALTLEN_AUTO;
  DigestChoice mgf = {};

  void begin(SignatureContext<RsaSettings>& context);
  bool begin_digest(SignatureContext<RsaSettings>& context, const char* name) const;
  bool set(const Provider& provider, const OSSL_PARAM params[]);
  bool get(OSSL_PARAM params[]) const;
  std::string_view algorithm_name() const;
  bool offered(const Key& key, const DigestChoice& digest) const;
  Result<SignSpec> spec(const Material& key, const DigestChoice& digest, std::size_t size) const;
  OsslParamPtr model(const Material& key, const DigestChoice& digest) const;
  static const OSSL_PARAM* gettable() noexcept;
  static const OSSL_PARAM* settable() noexcept;

 private:
  bool set_padding(const Provider& provider, const OSSL_PARAM params[]);
  bool set_salt(const Provider& provider, const OSSL_PARAM params[]);
  int salt_octets(const Material& key, const DigestChoice& digest) const;
  Result<SignSpec> pss_spec(const Material& key, const DigestChoice& digest) const;
};

using Functions = SignatureFunctions<RsaSettings>;

const SignSpec raw_spec = {.algorithm = SignAlgorithm::rsa_raw, .input = SignInput::raw};
const SignSpec digest_info_spec = {.algorithm = SignAlgorithm::rsa_pkcs1,
                                   .input = SignInput::digest_info};

// The parameters of an RSA-PSS key (RFC 4055, 3.1) are what it signs with unless told otherwise.
void RsaSettings::begin(SignatureContext<RsaSettings>& context) {
  pss_only = context.kind == KeyKind::rsa_pss;
  padding = pss_only ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
  if (!pss_only) return;
  const auto* mirror = context.material->mirror();
  int least_salt = 0;
  if (EVP_PKEY_get_int_param(mirror, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, &least_salt) != 1) return;
  salt = least_salt;
  const auto digest_named = [&](const char* param) {
    std::array<char, 64> name = {"SHA1"};  // the default there, which OpenSSL does not tell
    EVP_PKEY_get_utf8_string_param(mirror, param, name.data(), name.size(), nullptr);
    return context.provider->digests().find(name.data());
  };
  context.digest = digest_named(OSSL_PKEY_PARAM_RSA_DIGEST);
  mgf = digest_named(OSSL_PKEY_PARAM_RSA_MGF1_DIGEST);
}

bool RsaSettings::begin_digest(SignatureContext<RsaSettings>& context, const char* name) const {
  const auto required = context.digest;
  if (name == nullptr || *name == '\0') return required.md || context.choose_digest("SHA256");
  if (!context.choose_digest(name)) return false;
  if (!required.md || required.md == context.digest.md) return true;
  raise(*context.provider, Errc::invalid_argument,
        std::string("the key is restricted to PSS with ") + EVP_MD_get0_name(required.md));
  return false;
}

bool RsaSettings::set(const Provider& provider, const OSSL_PARAM params[]) {
  if (!set_padding(provider, params) || !set_salt(provider, params)) return false;
  if (const auto name = text_param(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST)) {
    mgf = provider.digests().find(*name);
    if (mgf.md == nullptr) {
      raise(provider, Errc::unsupported, "digest " + *name + " is not one that MGF1 here uses");
      return false;
    }
  }
  return true;
}

bool RsaSettings::set_padding(const Provider& provider, const OSSL_PARAM params[]) {
  if (OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE) == nullptr) return true;
  const auto asked = padding_param(params);
  const bool known =
      asked == RSA_PKCS1_PADDING || asked == RSA_PKCS1_PSS_PADDING || asked == RSA_NO_PADDING;
  if (!known || (pss_only && asked != RSA_PKCS1_PSS_PADDING)) {
    raise(provider, Errc::unsupported,
          pss_only ? "the key is restricted to PSS signatures" : "unknown RSA signature padding");
    return false;
  }
  padding = *asked;
  padding_chosen = true;
  return true;
}

bool RsaSettings::set_salt(const Provider& provider, const OSSL_PARAM params[]) {
  if (OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN) == nullptr) return true;
  const auto asked = salt_param(params);
  if (!asked || *asked < RSA_PSS_SALTLEN_MAX || padding != RSA_PKCS1_PSS_PADDING) {
    raise(provider, Errc::invalid_argument, "a salt length is for PSS, 0 or more octets");
    return false;
  }
  salt = *asked;
  return true;
}

bool RsaSettings::get(OSSL_PARAM params[]) const {
  const auto* mgf_name = mgf.md ? EVP_MD_get0_name(mgf.md) : nullptr;
  return answer_padding(params, padding) && answer_salt(params, salt) &&
         (mgf_name == nullptr || answer_text(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST, mgf_name));
}

std::string_view RsaSettings::algorithm_name() const {
  if (!padding_chosen && !pss_only) return "RSA";
  if (padding == RSA_NO_PADDING) return "raw RSA";
  return padding == RSA_PKCS1_PSS_PADDING ? "RSA-PSS" : "RSA PKCS#1";
}

// libssl begins with the digest alone, and sets the padding afterwards.
bool RsaSettings::offered(const Key& key, const DigestChoice& digest) const {
  const auto signs = [&](SignAlgorithm algorithm) {
    return key.can_sign({.algorithm = algorithm, .digest = digest.digest});
  };
  if (padding == RSA_NO_PADDING) return key.can_sign(raw_spec);
  if (padding == RSA_PKCS1_PSS_PADDING) return signs(SignAlgorithm::rsa_pss);
  const bool pkcs1 =
      digest.is_md5_sha1 ? key.can_sign(digest_info_spec) : signs(SignAlgorithm::rsa_pkcs1);
  return pkcs1 || (!padding_chosen && signs(SignAlgorithm::rsa_pss));
}

Result<SignSpec> RsaSettings::spec(const Material& key, const DigestChoice& digest,
                                   std::size_t size) const {
  if (padding == RSA_PKCS1_PSS_PADDING) return pss_spec(key, digest);
  if (padding == RSA_NO_PADDING) {
    return raw_spec;
  }
  if (digest.md == nullptr || digest.is_md5_sha1) {
    return digest_info_spec;
  }
  if (size != static_cast<std::size_t>(EVP_MD_get_size(digest.md))) {
    return fail(Errc::invalid_argument, "the input is not as long as a " +
                                            std::string(openssl_name(digest.digest)) + " digest");
  }
  return SignSpec{
      .algorithm = SignAlgorithm::rsa_pkcs1, .input = SignInput::digest, .digest = digest.digest};
}

Result<SignSpec> RsaSettings::pss_spec(const Material& key, const DigestChoice& digest) const {
  if (digest.digest == Digest::none) {
    return fail(Errc::invalid_argument, "PSS needs a digest", "set one (-pkeyopt digest:sha256)");
  }
  const int octets = salt_octets(key, digest);
  // The mirror knows the restrictions of an RSA-PSS key (RFC 4055, 3.1).
  const auto restricted =
      pss_only && !Relay::begin(RelayOperation::digest_verify, key.mirror(),
                                EVP_MD_get0_name(digest.md), model(key, digest).get());
  if (octets < 0 || restricted) {
    return fail(Errc::invalid_argument,
                "the key is too short for this PSS digest and salt, or "
                "restricted to others");
  }
  return SignSpec{.algorithm = SignAlgorithm::rsa_pss,
                  .input = SignInput::digest,
                  .digest = digest.digest,
                  .mgf_digest = mgf.digest,
                  .salt_length = static_cast<unsigned>(octets)};
}

// RFC 8017, 9.1.1: what the encoded message leaves room for.
int RsaSettings::salt_octets(const Material& key, const DigestChoice& digest) const {
  const int hash = EVP_MD_get_size(digest.md);
  const int room = (key.figures.bits - 1 + 7) / 8 - hash - 2;
  if (salt == RSA_PSS_SALTLEN_DIGEST) return hash <= room ? hash : -1;
  if (salt == RSA_PSS_SALTLEN_AUTO || salt == RSA_PSS_SALTLEN_MAX) return room;
  return salt <= room ? salt : -1;
}

OsslParamPtr RsaSettings::model(const Material& key, const DigestChoice& digest) const {
  const OsslParamBldPtr builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_int(builder.get(), OSSL_SIGNATURE_PARAM_PAD_MODE, padding);
  if (padding == RSA_PKCS1_PSS_PADDING && digest.md != nullptr) {
    OSSL_PARAM_BLD_push_int(builder.get(), OSSL_SIGNATURE_PARAM_PSS_SALTLEN,
                            salt_octets(key, digest));
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_SIGNATURE_PARAM_MGF1_DIGEST,
                                    EVP_MD_get0_name(mgf.md ? mgf.md : digest.md), 0);
  }
  return OsslParamPtr(OSSL_PARAM_BLD_to_param(builder.get()));
}

const OSSL_PARAM* RsaSettings::gettable() noexcept {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0),
      OSSL_PARAM_END};
  return table;
}

const OSSL_PARAM* RsaSettings::settable() noexcept {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PROPERTIES, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_PROPERTIES, nullptr, 0),
      OSSL_PARAM_END};
  return table;
}

}  // namespace

const OSSL_DISPATCH* rsa_signature_table() noexcept {
  static const auto rows = digest_signature_rows<RsaSettings>(
      entry<OSSL_FUNC_signature_verify_recover_init_fn>(OSSL_FUNC_SIGNATURE_VERIFY_RECOVER_INIT,
                                                        Functions::recover_init),
      entry<OSSL_FUNC_signature_verify_recover_fn>(OSSL_FUNC_SIGNATURE_VERIFY_RECOVER,
                                                   Functions::recover));
  return rows.data();
}

}  // namespace keystore::provider
