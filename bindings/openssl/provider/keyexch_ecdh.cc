#include <openssl/core_names.h>

#include <array>

#include "bindings/openssl/provider/dispatch/entry.h"
#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/dispatch/params.h"
#include "bindings/openssl/provider/key_object.h"
#include "bindings/openssl/provider/keyexch.h"
#include "bindings/openssl/provider/private_operation.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::provider {
namespace {

constexpr const char* x963 = OSSL_KDF_NAME_X963KDF;

struct Exchange {
  const Provider* provider;
  MaterialPtr material = {};
  MaterialPtr peer = {};
  EvpPkeyCtxPtr software = {};  ///< set: a key of the software fallback, done there
  bool with_kdf = false;
  DigestChoice kdf_digest = {};
  std::size_t kdf_size = 0;
  Bytes kdf_ukm = {};
};

Exchange& exchange_of(void* data) { return *static_cast<Exchange*>(data); }

bool refuse(const Exchange& exchange, const std::string& message) {
  raise(*exchange.provider, Errc::unsupported, message);
  return false;
}

bool set_kdf(Exchange& exchange, const OSSL_PARAM params[]) {
  if (const auto type = text_param(params, OSSL_EXCHANGE_PARAM_KDF_TYPE)) {
    if (!type->empty() && *type != x963) return refuse(exchange, "ECDH knows no KDF " + *type);
    exchange.with_kdf = !type->empty();
  }
  if (const auto name = text_param(params, OSSL_EXCHANGE_PARAM_KDF_DIGEST)) {
    exchange.kdf_digest = exchange.provider->digests().find(*name);
    if (!exchange.kdf_digest.md)
      return refuse(exchange, "unknown digest " + *name + " for the KDF");
  }
  if (const auto size = size_param(params, OSSL_EXCHANGE_PARAM_KDF_OUTLEN))
    exchange.kdf_size = *size;
  if (auto ukm = octets_param(params, OSSL_EXCHANGE_PARAM_KDF_UKM))
    exchange.kdf_ukm = *std::move(ukm);
  return true;
}

// On the curves that tokens have the cofactor is 1, so that both modes are the same.
bool set_all(Exchange& exchange, const OSSL_PARAM params[]) {
  if (params == nullptr || params[0].key == nullptr) return true;
  const auto cofactor = int_param(params, OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE);
  if (cofactor && (*cofactor < -1 || *cofactor > 1)) {
    return refuse(exchange, "the cofactor mode of ECDH is -1, 0 or 1");
  }
  return set_kdf(exchange, params);
}

void* create(void* data) noexcept {
  const auto& provider = *static_cast<const Provider*>(data);
  return guard<void*>(provider, nullptr, [&] { return new Exchange{&provider}; });
}

void* duplicate(void* data) noexcept {
  const auto& from = exchange_of(data);
  return guard<void*>(*from.provider, nullptr, [&]() -> void* {
    EvpPkeyCtxPtr software(from.software ? EVP_PKEY_CTX_dup(from.software.get()) : nullptr);
    if (from.software && !software) return nullptr;
    return new Exchange{from.provider, from.material,   from.peer,     std::move(software),
                        from.with_kdf, from.kdf_digest, from.kdf_size, from.kdf_ukm};
  });
}

int init(void* data, void* key, const OSSL_PARAM params[]) noexcept {
  auto& exchange = exchange_of(data);
  return guard(*exchange.provider, 0, [&] {
    auto material = key ? static_cast<KeyObject*>(key)->material : exchange.material;
    exchange = Exchange{exchange.provider, std::move(material)};
    if (!exchange.material || !exchange.material->has_private()) return 0;
    if (!exchange.material->software()) return set_all(exchange, params) ? 1 : 0;
    exchange.software.reset(
        EVP_PKEY_CTX_new_from_pkey(private_lib_ctx(), exchange.material->mirror(), nullptr));
    return EVP_PKEY_derive_init_ex(exchange.software.get(), params) == 1 ? 1 : 0;
  });
}

int set_peer(void* data, void* key) noexcept {
  auto& exchange = exchange_of(data);
  return guard(*exchange.provider, 0, [&] {
    exchange.peer = static_cast<KeyObject*>(key)->material;
    if (!exchange.peer || !exchange.material) return 0;
    auto* peer = exchange.peer->mirror();
    const int fits = exchange.software ? EVP_PKEY_derive_set_peer(exchange.software.get(), peer)
                                       : EVP_PKEY_parameters_eq(peer, exchange.material->mirror());
    return fits == 1 ? 1 : 0;
  });
}

Result<PublicKey> peer_of(const Exchange& exchange) {
  if (!exchange.peer) return fail(Errc::invalid_argument, "ECDH needs the peer's public key");
  unsigned char* encoded = nullptr;
  const int size = i2d_PUBKEY(exchange.peer->mirror(), &encoded);
  const OpensslMemoryPtr<unsigned char> owned(encoded);
  if (size <= 0) return fail(Errc::invalid_argument, "the peer's public key cannot be encoded");
  return PublicKey::parse({encoded, static_cast<std::size_t>(size)});
}

// ANSI X9.63 (RFC 5753, 7.2 for CMS).
bool derive_x963(const Exchange& exchange, const Secret& shared, unsigned char* out) {
  const EvpKdfPtr kdf(EVP_KDF_fetch(private_lib_ctx(), x963, nullptr));
  const std::unique_ptr<EVP_KDF_CTX, FreeWith<EVP_KDF_CTX_free>> context(
      EVP_KDF_CTX_new(kdf.get()));
  const auto* digest = EVP_MD_get0_name(exchange.kdf_digest.md);
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>(digest), 0),
      OSSL_PARAM_construct_octet_string(
          OSSL_KDF_PARAM_KEY, const_cast<std::uint8_t*>(shared.view().data()), shared.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
                                        const_cast<std::uint8_t*>(exchange.kdf_ukm.data()),
                                        exchange.kdf_ukm.size()),
      OSSL_PARAM_construct_end()};
  return context && EVP_KDF_derive(context.get(), out, exchange.kdf_size, params) == 1;
}

int derive_in_store(const Exchange& exchange, unsigned char* out, std::size_t* size,
                    std::size_t capacity) {
  if (exchange.with_kdf && (!exchange.kdf_digest.md || exchange.kdf_size == 0)) return 0;
  const auto bits = static_cast<std::size_t>(exchange.material->figures.bits);
  const auto wanted = exchange.with_kdf ? exchange.kdf_size : (bits + 7) / 8;
  if (out == nullptr) {
    *size = wanted;
    return 1;
  }
  if (capacity < wanted) {
    raise(*exchange.provider, Errc::invalid_argument, "the buffer is too small for the secret");
    return 0;
  }
  auto peer = peer_of(exchange);
  if (!peer) {
    raise(*exchange.provider, peer.error());
    return 0;
  }
  const auto shared = ask_to_derive(*exchange.material->key, *std::move(peer));
  if (!shared) {
    raise(*exchange.provider, shared.error());
    return 0;
  }
  if (!exchange.with_kdf) return copy_out(shared->view(), out, size, capacity) ? 1 : 0;
  *size = wanted;
  return derive_x963(exchange, *shared, out) ? 1 : 0;
}

int derive(void* data, unsigned char* out, std::size_t* size, std::size_t capacity) noexcept {
  auto& exchange = exchange_of(data);
  return guard(*exchange.provider, 0, [&] {
    if (!exchange.software) return derive_in_store(exchange, out, size, capacity);
    *size = capacity;
    return static_cast<int>(EVP_PKEY_derive(exchange.software.get(), out, size) == 1);
  });
}

int set_params(void* data, const OSSL_PARAM params[]) noexcept {
  auto& exchange = exchange_of(data);
  return guard(*exchange.provider, 0, [&] {
    if (!exchange.software) return set_all(exchange, params) ? 1 : 0;
    return EVP_PKEY_CTX_set_params(exchange.software.get(), params) == 1 ? 1 : 0;
  });
}

int get_params(void* data, OSSL_PARAM params[]) noexcept {
  auto& exchange = exchange_of(data);
  return guard(*exchange.provider, 0, [&]() -> int {
    if (exchange.software) {
      return EVP_PKEY_CTX_get_params(exchange.software.get(), params) == 1 ? 1 : 0;
    }
    const auto* digest = exchange.kdf_digest.md ? EVP_MD_get0_name(exchange.kdf_digest.md) : "";
    auto* size = OSSL_PARAM_locate(params, OSSL_EXCHANGE_PARAM_KDF_OUTLEN);
    auto* ukm = OSSL_PARAM_locate(params, OSSL_EXCHANGE_PARAM_KDF_UKM);
    return answer_int(params, OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, 0) &&
           answer_text(params, OSSL_EXCHANGE_PARAM_KDF_TYPE, exchange.with_kdf ? x963 : "") &&
           answer_text(params, OSSL_EXCHANGE_PARAM_KDF_DIGEST, digest) &&
           (!size || OSSL_PARAM_set_size_t(size, exchange.kdf_size)) &&
           (!ukm ||
            OSSL_PARAM_set_octet_ptr(ukm, exchange.kdf_ukm.data(), exchange.kdf_ukm.size()));
  });
}

const OSSL_PARAM* gettable(void*, void*) noexcept {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_int(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, nullptr),
      OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, nullptr, 0),
      OSSL_PARAM_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, nullptr),
      OSSL_PARAM_DEFN(OSSL_EXCHANGE_PARAM_KDF_UKM, OSSL_PARAM_OCTET_PTR, nullptr, 0),
      OSSL_PARAM_END};
  return table;
}

const OSSL_PARAM* settable(void*, void*) noexcept {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_int(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, nullptr),
      OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST_PROPS, nullptr, 0),
      OSSL_PARAM_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, nullptr),
      OSSL_PARAM_octet_string(OSSL_EXCHANGE_PARAM_KDF_UKM, nullptr, 0),
      OSSL_PARAM_END};
  return table;
}

}  // namespace

const OSSL_DISPATCH* ecdh_table() noexcept {
  static const std::array rows = {
      entry<OSSL_FUNC_keyexch_newctx_fn>(OSSL_FUNC_KEYEXCH_NEWCTX, create),
      entry<OSSL_FUNC_keyexch_freectx_fn>(OSSL_FUNC_KEYEXCH_FREECTX, destroy<Exchange>),
      entry<OSSL_FUNC_keyexch_dupctx_fn>(OSSL_FUNC_KEYEXCH_DUPCTX, duplicate),
      entry<OSSL_FUNC_keyexch_init_fn>(OSSL_FUNC_KEYEXCH_INIT, init),
      entry<OSSL_FUNC_keyexch_set_peer_fn>(OSSL_FUNC_KEYEXCH_SET_PEER, set_peer),
      entry<OSSL_FUNC_keyexch_derive_fn>(OSSL_FUNC_KEYEXCH_DERIVE, derive),
      entry<OSSL_FUNC_keyexch_get_ctx_params_fn>(OSSL_FUNC_KEYEXCH_GET_CTX_PARAMS, get_params),
      entry<OSSL_FUNC_keyexch_gettable_ctx_params_fn>(OSSL_FUNC_KEYEXCH_GETTABLE_CTX_PARAMS,
                                                      gettable),
      entry<OSSL_FUNC_keyexch_set_ctx_params_fn>(OSSL_FUNC_KEYEXCH_SET_CTX_PARAMS, set_params),
      entry<OSSL_FUNC_keyexch_settable_ctx_params_fn>(OSSL_FUNC_KEYEXCH_SETTABLE_CTX_PARAMS,
                                                      settable),
      last_entry};
  return rows.data();
}

}  // namespace keystore::provider
