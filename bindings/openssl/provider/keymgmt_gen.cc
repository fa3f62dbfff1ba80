// Key generation: on a token where the caller names one, else in software, in the private context.
// OpenSSL asks us for the latter when this provider is first or preferred; without it TLS could not
// even make its ephemeral keys then.
#include <openssl/core_names.h>

#include <array>

#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/key_object.h"
#include "bindings/openssl/provider/keymgmt.h"
#include "bindings/openssl/provider/token_gen.h"
#include "keystore/internal/lib_ctx.h"

namespace keystore::provider {
namespace {

struct Generation {
  const Provider* provider;
  KeyKind kind;
  bool parameters_only;
  EvpPkeyCtxPtr context;
  TokenGeneration on_token = {};
  OSSL_CALLBACK* progress = nullptr;
  void* progress_argument = nullptr;
};

bool begin(Generation& generation) {
  auto* context = generation.context.get();
  if (context == nullptr) return false;
  return (generation.parameters_only ? EVP_PKEY_paramgen_init(context)
                                     : EVP_PKEY_keygen_init(context)) == 1;
}

// Tells the caller how far the search for primes is ("openssl genpkey" prints dots).
int relay_progress(EVP_PKEY_CTX* context) {
  const auto& generation = *static_cast<const Generation*>(EVP_PKEY_CTX_get_app_data(context));
  int potential = EVP_PKEY_CTX_get_keygen_info(context, 0);
  int iteration = EVP_PKEY_CTX_get_keygen_info(context, 1);
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_int(OSSL_GEN_PARAM_POTENTIAL, &potential),
                               OSSL_PARAM_construct_int(OSSL_GEN_PARAM_ITERATION, &iteration),
                               OSSL_PARAM_construct_end()};
  return generation.progress(params, generation.progress_argument);
}

Generation& generation_of(void* data) { return *static_cast<Generation*>(data); }

MaterialPtr generate_on_token(const Generation& generation) {
  if (BackendCall::active()) return nullptr;
  auto material = generation.on_token.run(*generation.provider, generation.kind);
  if (material) return *std::move(material);
  raise(*generation.provider, material.error());
  return nullptr;
}

MaterialPtr generate_in_software(Generation& generation) {
  EVP_PKEY* made = nullptr;
  if (EVP_PKEY_generate(generation.context.get(), &made) != 1) return nullptr;
  return material_of(EvpPkeyPtr(made),
                     generation.parameters_only ? Holds::parameters : Holds::both_halves);
}

// The curve of parameters that a key is made for ("openssl req -newkey ec:FILE").
std::string group_of(const EVP_PKEY* model) {
  std::array<char, 80> name = {};
  EVP_PKEY_get_utf8_string_param(model, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(),
                                 nullptr);
  return name.data();
}

}  // namespace

template <KeyKind kind>
void* keymgmt_gen_init(void* context, int selection, const OSSL_PARAM params[]) noexcept {
  const auto& provider = *static_cast<const Provider*>(context);
  return guard<void*>(provider, nullptr, [&]() -> void* {
    const bool parameters_only = (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0;
    EvpPkeyCtxPtr made(EVP_PKEY_CTX_new_from_name(private_lib_ctx(), type_name(kind), nullptr));
    auto generation =
        std::make_unique<Generation>(Generation{&provider, kind, parameters_only, std::move(made)});
    if (!begin(*generation)) return nullptr;
    if (params != nullptr && !keymgmt_gen_set_params(generation.get(), params)) return nullptr;
    return generation.release();
  });
}

template void* keymgmt_gen_init<KeyKind::rsa>(void*, int, const OSSL_PARAM[]) noexcept;
template void* keymgmt_gen_init<KeyKind::rsa_pss>(void*, int, const OSSL_PARAM[]) noexcept;
template void* keymgmt_gen_init<KeyKind::ec>(void*, int, const OSSL_PARAM[]) noexcept;
template void* keymgmt_gen_init<KeyKind::ed25519>(void*, int, const OSSL_PARAM[]) noexcept;
template void* keymgmt_gen_init<KeyKind::ed448>(void*, int, const OSSL_PARAM[]) noexcept;
template void* keymgmt_gen_init<KeyKind::x25519>(void*, int, const OSSL_PARAM[]) noexcept;
template void* keymgmt_gen_init<KeyKind::x448>(void*, int, const OSSL_PARAM[]) noexcept;

int keymgmt_gen_set_template(void* data, void* object) noexcept {
  auto& generation = generation_of(data);
  return guard(*generation.provider, 0, [&] {
    const auto& model = static_cast<const KeyObject*>(object)->material;
    if (!model) return 0;
    generation.context.reset(
        EVP_PKEY_CTX_new_from_pkey(private_lib_ctx(), model->mirror(), nullptr));
    generation.on_token.group = group_of(model->mirror());
    return begin(generation) ? 1 : 0;
  });
}

int keymgmt_gen_set_params(void* data, const OSSL_PARAM params[]) noexcept {
  auto& generation = generation_of(data);
  return guard(*generation.provider, 0, [&] {
    if (params == nullptr || params[0].key == nullptr) return 1;
    if (const auto noted = generation.on_token.set(params); !noted) {
      raise(*generation.provider, noted.error());
      return 0;
    }
    return EVP_PKEY_CTX_set_params(generation.context.get(), params) == 1 ? 1 : 0;
  });
}

const OSSL_PARAM* keymgmt_gen_settable_params(void*, void*) noexcept {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_utf8_string(uri_param, nullptr, 0),
      OSSL_PARAM_size_t(OSSL_PKEY_PARAM_RSA_BITS, nullptr),
      OSSL_PARAM_size_t(OSSL_PKEY_PARAM_RSA_PRIMES, nullptr),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_MASKGENFUNC, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_MGF1_DIGEST, nullptr, 0),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, nullptr),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, nullptr, 0),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_USE_COFACTOR_ECDH, nullptr),
      OSSL_PARAM_END};
  return table;
}

void* keymgmt_gen(void* data, OSSL_CALLBACK* callback, void* argument) noexcept {
  auto& generation = generation_of(data);
  return guard<void*>(*generation.provider, nullptr, [&]() -> void* {
    if (callback != nullptr) {
      generation.progress = callback;
      generation.progress_argument = argument;
      EVP_PKEY_CTX_set_app_data(generation.context.get(), &generation);
      EVP_PKEY_CTX_set_cb(generation.context.get(), relay_progress);
    }
    const bool on_token = generation.on_token.uri && !generation.parameters_only;
    auto material = on_token ? generate_on_token(generation) : generate_in_software(generation);
    if (!material) return nullptr;
    return new KeyObject{generation.provider, generation.kind, std::move(material)};
  });
}

void keymgmt_gen_cleanup(void* data) noexcept { destroy<Generation>(data); }

}  // namespace keystore::provider
