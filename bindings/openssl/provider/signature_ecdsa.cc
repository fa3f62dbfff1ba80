#include <openssl/core_names.h>

#include "bindings/openssl/provider/dispatch/signature_functions.h"
#include "bindings/openssl/provider/signature.h"

namespace keystore::provider {
namespace {

// Callers that sign a bare digest may not say which it is; its length does.
Digest digest_of_size(std::size_t size) {
  switch (size) {
    case 20:
      return Digest::sha1;
    case 28:
      return Digest::sha224;
    case 32:
      return Digest::sha256;
    case 48:
      return Digest::sha384;
    case 64:
      return Digest::sha512;
    default:
      return Digest::none;
  }
}

/// ECDSA (FIPS 186-4, 6) has nothing to set but the digest.
struct EcdsaSettings {
  void begin(SignatureContext<EcdsaSettings>&) {}
  bool begin_digest(SignatureContext<EcdsaSettings>& context, const char* name) const {
    return context.choose_digest(name != nullptr && *name != '\0' ? name : "SHA256");
  }
  bool set(const Provider&, const OSSL_PARAM[]) { return true; }
  bool get(OSSL_PARAM[]) const { return true; }

  static std::string_view algorithm_name() { return "ECDSA"; }
  bool offered(const Key& key, const DigestChoice& digest) const {
    return key.can_sign({.algorithm = SignAlgorithm::ecdsa, .digest = digest.digest});
  }

  Result<SignSpec> spec(const Material&, const DigestChoice& digest, std::size_t size) const {
    const auto used = digest.digest != Digest::none ? digest.digest : digest_of_size(size);
    if (used == Digest::none || size != digest_size(used)) {
      return fail(Errc::invalid_argument, "ECDSA signs the digest of a message",
                  "give the digest, or let the message be hashed (dgst -sign)");
    }
    return SignSpec{.algorithm = SignAlgorithm::ecdsa, .input = SignInput::digest, .digest = used};
  }

  OsslParamPtr model(const Material&, const DigestChoice&) const {
    const OsslParamBldPtr builder(OSSL_PARAM_BLD_new());
    return OsslParamPtr(OSSL_PARAM_BLD_to_param(builder.get()));
  }

  static const OSSL_PARAM* gettable() noexcept {
    static const OSSL_PARAM table[] = {
        OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, nullptr, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0), OSSL_PARAM_END};
    return table;
  }

  static const OSSL_PARAM* settable() noexcept {
    static const OSSL_PARAM table[] = {
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, nullptr, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PROPERTIES, nullptr, 0), OSSL_PARAM_END};
    return table;
  }
};

}  // namespace

const OSSL_DISPATCH* ecdsa_signature_table() noexcept {
  static const auto rows = digest_signature_rows<EcdsaSettings>();
  return rows.data();
}

}  // namespace keystore::provider
