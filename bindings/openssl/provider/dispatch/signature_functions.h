#pragma once

#include <openssl/core_names.h>

#include <array>

#include "bindings/openssl/provider/dispatch/signature_context.h"

namespace keystore::provider {

/// The dispatch functions over SignatureContext<Settings>, the same for every algorithm.
template <class Settings>
struct SignatureFunctions {
  using Context = SignatureContext<Settings>;

  static Context& context_of(void* data) { return *static_cast<Context*>(data); }

  static void* create(void* data, const char*) noexcept {
    const auto& provider = *static_cast<const Provider*>(data);
    return guard<void*>(provider, nullptr, [&] {
      auto context = std::make_unique<Context>();
      context->provider = &provider;
      return context.release();
    });
  }

  static void* duplicate(void* data) noexcept {
    const auto& context = context_of(data);
    return guard<void*>(*context.provider, nullptr, [&] { return context.clone().release(); });
  }

  /// Starts an operation: on the private context for public and software keys, else on ours.
  static int begin(void* data, void* key, RelayOperation operation, const char* digest,
                   const OSSL_PARAM params[]) noexcept {
    auto& context = context_of(data);
    return guard(*context.provider, 0, [&] {
      const bool signing =
          operation == RelayOperation::sign || operation == RelayOperation::digest_sign;
      if (!context.begin(static_cast<KeyObject*>(key), signing)) return 0;
      if (!signing || context.material->software()) {
        context.relay = Relay::begin(operation, context.material->mirror(), digest, params);
        return context.relay ? 1 : 0;
      }
      if (operation == RelayOperation::digest_sign) {
        if (!context.settings.begin_digest(context, digest)) return 0;
        context.digest_given = digest != nullptr && *digest != '\0';
        context.hashes = true;
      }
      return context.set_params(params) && context.check_offered() ? 1 : 0;
    });
  }

  static int sign_init(void* data, void* key, const OSSL_PARAM params[]) noexcept {
    return begin(data, key, RelayOperation::sign, nullptr, params);
  }
  static int verify_init(void* data, void* key, const OSSL_PARAM params[]) noexcept {
    return begin(data, key, RelayOperation::verify, nullptr, params);
  }
  static int recover_init(void* data, void* key, const OSSL_PARAM params[]) noexcept {
    return begin(data, key, RelayOperation::verify_recover, nullptr, params);
  }
  static int digest_sign_init(void* data, const char* digest, void* key,
                              const OSSL_PARAM params[]) noexcept {
    return begin(data, key, RelayOperation::digest_sign, digest, params);
  }
  static int digest_verify_init(void* data, const char* digest, void* key,
                                const OSSL_PARAM params[]) noexcept {
    return begin(data, key, RelayOperation::digest_verify, digest, params);
  }

  static int sign(void* data, unsigned char* out, std::size_t* size, std::size_t capacity,
                  const unsigned char* input, std::size_t input_size) noexcept {
    auto& context = context_of(data);
    return guard(*context.provider, 0, [&] {
      const BytesView view(input, input_size);
      if (context.relay) return context.relay->sign(out, size, capacity, view);
      if (out == nullptr) return *size = context.material->figures.max_size, 1;
      return context.sign_input(view, out, size, capacity);
    });
  }

  static int verify(void* data, const unsigned char* signature, std::size_t signature_size,
                    const unsigned char* input, std::size_t input_size) noexcept {
    auto& context = context_of(data);
    return guard(*context.provider, 0, [&] {
      if (!context.relay) return 0;
      return context.relay->verify({signature, signature_size}, {input, input_size});
    });
  }

  static int recover(void* data, unsigned char* out, std::size_t* size, std::size_t capacity,
                     const unsigned char* signature, std::size_t signature_size) noexcept {
    auto& context = context_of(data);
    return guard(*context.provider, 0, [&] {
      if (!context.relay) return 0;
      return context.relay->verify_recover(out, size, capacity, {signature, signature_size});
    });
  }

  static int update(void* data, const unsigned char* input, std::size_t size) noexcept {
    auto& context = context_of(data);
    return guard(*context.provider, 0, [&] {
      const BytesView view(input, size);
      return context.relay ? context.relay->update(view) : (context.update(view) ? 1 : 0);
    });
  }

  static int digest_sign_final(void* data, unsigned char* out, std::size_t* size,
                               std::size_t capacity) noexcept {
    auto& context = context_of(data);
    return guard(*context.provider, 0, [&] {
      if (context.relay) return context.relay->sign_final(out, size, capacity);
      if (out == nullptr) return *size = context.material->figures.max_size, 1;
      return context.sign_final(out, size, capacity);
    });
  }

  static int digest_verify_final(void* data, const unsigned char* signature,
                                 std::size_t size) noexcept {
    auto& context = context_of(data);
    return guard(*context.provider, 0, [&] {
      return context.relay ? context.relay->verify_final({signature, size}) : 0;
    });
  }

  static int digest_sign(void* data, unsigned char* out, std::size_t* size, std::size_t capacity,
                         const unsigned char* message, std::size_t message_size) noexcept {
    auto& context = context_of(data);
    return guard(*context.provider, 0, [&] {
      const BytesView view(message, message_size);
      if (context.relay) return context.relay->digest_sign(out, size, capacity, view);
      if (out == nullptr) return *size = context.material->figures.max_size, 1;
      return context.sign_message(view, out, size, capacity);
    });
  }

  static int digest_verify(void* data, const unsigned char* signature, std::size_t signature_size,
                           const unsigned char* message, std::size_t message_size) noexcept {
    auto& context = context_of(data);
    return guard(*context.provider, 0, [&] {
      if (!context.relay) return 0;
      return context.relay->digest_verify({signature, signature_size}, {message, message_size});
    });
  }

  static int set_params(void* data, const OSSL_PARAM params[]) noexcept {
    auto& context = context_of(data);
    return guard(*context.provider, 0, [&] {
      if (params == nullptr || params[0].key == nullptr) return 1;
      return context.relay ? context.relay->set_params(params)
                           : (context.set_params(params) ? 1 : 0);
    });
  }

  static int get_params(void* data, OSSL_PARAM params[]) noexcept {
    auto& context = context_of(data);
    return guard(*context.provider, 0, [&] {
      return context.relay ? context.relay->get_params(params)
                           : (context.get_params(params) ? 1 : 0);
    });
  }

  static const OSSL_PARAM* gettable(void*, void*) noexcept { return Settings::gettable(); }
  static const OSSL_PARAM* settable(void*, void*) noexcept { return Settings::settable(); }
};

/// The rows that every algorithm has.
template <class Settings, class... More>
auto signature_rows(More... more) {
  using F = SignatureFunctions<Settings>;
  return std::array{
      entry<OSSL_FUNC_signature_newctx_fn>(OSSL_FUNC_SIGNATURE_NEWCTX, F::create),
      entry<OSSL_FUNC_signature_freectx_fn>(OSSL_FUNC_SIGNATURE_FREECTX,
                                            destroy<typename F::Context>),
      entry<OSSL_FUNC_signature_dupctx_fn>(OSSL_FUNC_SIGNATURE_DUPCTX, F::duplicate),
      entry<OSSL_FUNC_signature_digest_sign_init_fn>(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT,
                                                     F::digest_sign_init),
      entry<OSSL_FUNC_signature_digest_sign_fn>(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, F::digest_sign),
      entry<OSSL_FUNC_signature_digest_verify_init_fn>(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT,
                                                       F::digest_verify_init),
      entry<OSSL_FUNC_signature_digest_verify_fn>(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY,
                                                  F::digest_verify),
      entry<OSSL_FUNC_signature_get_ctx_params_fn>(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS,
                                                   F::get_params),
      entry<OSSL_FUNC_signature_gettable_ctx_params_fn>(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS,
                                                        F::gettable),
      more...,
      last_entry};
}

/// Those and the rows of algorithms that sign digests.
template <class Settings, class... More>
auto digest_signature_rows(More... more) {
  using F = SignatureFunctions<Settings>;
  return signature_rows<Settings>(
      entry<OSSL_FUNC_signature_sign_init_fn>(OSSL_FUNC_SIGNATURE_SIGN_INIT, F::sign_init),
      entry<OSSL_FUNC_signature_sign_fn>(OSSL_FUNC_SIGNATURE_SIGN, F::sign),
      entry<OSSL_FUNC_signature_verify_init_fn>(OSSL_FUNC_SIGNATURE_VERIFY_INIT, F::verify_init),
      entry<OSSL_FUNC_signature_verify_fn>(OSSL_FUNC_SIGNATURE_VERIFY, F::verify),
      entry<OSSL_FUNC_signature_digest_sign_update_fn>(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE,
                                                       F::update),
      entry<OSSL_FUNC_signature_digest_sign_final_fn>(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL,
                                                      F::digest_sign_final),
      entry<OSSL_FUNC_signature_digest_verify_update_fn>(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE,
                                                         F::update),
      entry<OSSL_FUNC_signature_digest_verify_final_fn>(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL,
                                                        F::digest_verify_final),
      entry<OSSL_FUNC_signature_set_ctx_params_fn>(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS,
                                                   F::set_params),
      entry<OSSL_FUNC_signature_settable_ctx_params_fn>(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS,
                                                        F::settable),
      more...);
}

}  // namespace keystore::provider
