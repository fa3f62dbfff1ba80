#include "bindings/openssl/provider/key_object.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>

#include <algorithm>
#include <new>

#include "bindings/openssl/provider/error.h"
#include "keystore/internal/public_key_parsed.h"

namespace keystore::provider {
Result<KeyKind> offered_kind(const Provider& provider, const std::optional<PublicKey>& key,
                             const Uri& uri) {
  const auto named = "key " + uri.canonical();
  if (!key) {
    return fail(Errc::unsupported, named + " shows no public half, which OpenSSL needs",
                "store its public key or its certificate beside it, with the same id");
  }
  const auto kind = kind_of(key->shape());
  if (!kind) {
    return fail(Errc::unsupported, named + " is of type " +
                                       std::string(to_string(key->shape().type)) +
                                       ", which this provider does not handle");
  }
  if (!is_montgomery(*kind) || provider.montgomery()) return *kind;
  return fail(Errc::refused_by_policy,
              named + " cannot be used: " + type_name(*kind) + " with stored keys is switched off",
              std::string("say '") + montgomery_switch +
                  " = yes' in the provider's section of openssl.cnf, or have it written by "
                  "'keystore openssl-conf --montgomery'");
}

Result<MaterialPtr> material_of(const Provider& provider, const Key& key,
                                std::optional<Uri> opened_by) {
  const auto& public_key = key.public_key();
  if (const auto kind = offered_kind(provider, public_key, key.uri()); !kind) {
    return Failure(kind.error());
  }
  auto material = std::make_shared<Material>();
  material->key = key;
  material->opened_by = std::move(opened_by);
  const auto usual = usual_figures(public_key->shape());
  material->figures = usual ? *usual : figures_of(material->mirror());
  return material;
}

MaterialPtr material_of(EvpPkeyPtr mirror, Holds holds) {
  auto material = std::make_shared<Material>();
  material->figures = figures_of(mirror.get());
  material->own = std::move(mirror);
  material->holds = holds;
  return material;
}

MaterialPtr with_mirror(const Material& from, EvpPkeyPtr mirror) {
  auto material = std::make_shared<Material>();
  material->own = std::move(mirror);
  material->holds = from.holds;
  material->key = from.key;
  material->figures = from.figures;
  material->opened_by = from.opened_by;
  return material;
}

EVP_PKEY* Material::mirror() const {
  auto* pkey = own ? own.get() : pkey_of(*key->public_key());
  if (pkey == nullptr) throw std::bad_alloc();
  return pkey;
}

bool emit_key(const Provider& provider, const Key& key, OSSL_CALLBACK* callback, void* argument,
              std::optional<Uri> opened_by) {
  auto material = material_of(provider, key, std::move(opened_by));
  if (!material) {
    raise(provider, material.error());
    return false;
  }
  const auto kind = *kind_of(key.public_key()->shape());
  EmittedKey emitted = {new KeyObject{&provider, kind, std::move(*material)}, &provider};
  int type = OSSL_OBJECT_PKEY;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE,
                                       const_cast<char*>(type_name(kind)), 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &emitted, sizeof(emitted)),
      OSSL_PARAM_construct_end()};
  const bool wanted = callback(params, argument) != 0;
  delete emitted.object;  // where nobody took it
  return wanted;
}

}  // namespace keystore::provider
