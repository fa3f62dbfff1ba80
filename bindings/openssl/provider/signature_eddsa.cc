#include <openssl/core_names.h>

#include "bindings/openssl/provider/dispatch/signature_functions.h"
#include "bindings/openssl/provider/signature.h"

namespace keystore::provider {
namespace {

/// Ed25519 and Ed448 (RFC 8032) sign the message itself and have nothing to set.
struct EddsaSettings {
  void begin(SignatureContext<EddsaSettings>&) {}
  bool begin_digest(SignatureContext<EddsaSettings>& context, const char* name) const {
    if (name == nullptr || *name == '\0') return true;
    raise(*context.provider, Errc::invalid_argument,
          "Ed25519 and Ed448 take no digest: they sign the message itself");
    return false;
  }
  bool set(const Provider&, const OSSL_PARAM[]) { return true; }
  bool get(OSSL_PARAM[]) const { return true; }

  static std::string_view algorithm_name() { return "EdDSA"; }
  bool offered(const Key& key, const DigestChoice&) const {
    return key.can_sign({.algorithm = SignAlgorithm::eddsa});
  }

  Result<SignSpec> spec(const Material&, const DigestChoice&, std::size_t) const {
    return SignSpec{.algorithm = SignAlgorithm::eddsa, .input = SignInput::message};
  }

  OsslParamPtr model(const Material&, const DigestChoice&) const {
    const OsslParamBldPtr builder(OSSL_PARAM_BLD_new());
    return OsslParamPtr(OSSL_PARAM_BLD_to_param(builder.get()));
  }

  static const OSSL_PARAM* gettable() noexcept {
    static const OSSL_PARAM table[] = {
        OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, nullptr, 0), OSSL_PARAM_END};
    return table;
  }
};

}  // namespace

const OSSL_DISPATCH* eddsa_signature_table() noexcept {
  static const auto rows = signature_rows<EddsaSettings>();
  return rows.data();
}

}  // namespace keystore::provider
