#include "bindings/openssl/provider/token_gen.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "bindings/openssl/provider/dispatch/in_store.h"
#include "bindings/openssl/provider/dispatch/params.h"
#include "bindings/openssl/provider/load_options.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/store.h"

namespace keystore::provider {
namespace {

/// A BN from `openssl genpkey -pkeyopt`, a number from programs.
bool is_usual_exponent(const OSSL_PARAM& param) {
  BIGNUM* number = nullptr;
  const bool read = OSSL_PARAM_get_BN(&param, &number) == 1;
  const BnPtr owned(number);
  return read && BN_is_word(number, RSA_F4);
}

}  // namespace

Result<void> TokenGeneration::set(const OSSL_PARAM params[]) {
  if (auto text = text_param(params, uri_param)) uri = *std::move(text);
  if (const auto bits = size_param(params, OSSL_PKEY_PARAM_RSA_BITS)) rsa_bits = *bits;
  if (auto name = text_param(params, OSSL_PKEY_PARAM_GROUP_NAME)) group = *std::move(name);
  if (const auto primes = size_param(params, OSSL_PKEY_PARAM_RSA_PRIMES)) {
    usual_rsa_ = usual_rsa_ && *primes == 2;
  }
  if (const auto* exponent = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_E)) {
    usual_rsa_ = usual_rsa_ && is_usual_exponent(*exponent);
  }
  if (!uri || usual_rsa_) return {};
  return fail(Errc::unsupported,
              "RSA keys on tokens are made with two primes and the public exponent 65537");
}

Result<KeySpec> TokenGeneration::spec(KeyKind kind) const {
  switch (kind) {
    case KeyKind::rsa:
      return KeySpec{.type = KeyType::rsa, .bits = static_cast<unsigned>(rsa_bits)};
    case KeyKind::ec:
      if (!group.empty()) return KeySpec{.type = KeyType::ec, .curve = group};
      return fail(Errc::invalid_argument, "no curve is named for the new EC key",
                  "say one: -pkeyopt ec_paramgen_curve:P-256");
    case KeyKind::ed25519:
      return KeySpec{.type = KeyType::ed25519};
    case KeyKind::ed448:
      return KeySpec{.type = KeyType::ed448};
    case KeyKind::x25519:
      return KeySpec{.type = KeyType::x25519};
    case KeyKind::x448:
      return KeySpec{.type = KeyType::x448};
    case KeyKind::rsa_pss:
      break;
  }
  return fail(Errc::unsupported, "tokens make RSA keys, not RSA-PSS keys",
              "make an RSA key; its certificate can restrict it to PSS");
}

Result<MaterialPtr> TokenGeneration::run(const Provider& provider, KeyKind kind) const {
  return in_store([&]() -> Result<MaterialPtr> {
    const auto wanted = spec(kind);
    if (!wanted) return Failure(wanted.error());
    const auto named = Uri::parse(*uri);
    if (!named) return Failure(named.error());
    const LoadPassphrase nobody(nullptr, nullptr);
    const auto options = load_options(nobody, UriOrigin::caller);
    if (!options) return Failure(options.error());
    const auto store = open(*named, *options);
    if (!store) return Failure(store.error());
    if (store->generator() == nullptr || named->scheme() != "pkcs11") {
      return fail(Errc::unsupported, named->canonical() + " is no token that could make keys",
                  "name a token: keystore_uri:pkcs11:token=NAME;object=LABEL");
    }
    const auto key = store->generator()->generate_key(*wanted, {});
    if (!key) return Failure(key.error());
    return material_of(provider, *key, *named);
  });
}

}  // namespace keystore::provider
