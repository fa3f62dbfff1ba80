#include "keystore/internal/lib_ctx.h"

#include <array>
#include <atomic>
#include <memory>
#include <new>
#include <string>

#include "keystore/internal/fork_marker.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"

// OpenSSL's locks may be held by another thread at a fork and stay locked in the child for ever. So
// all that is shared here is made anew by a forked child, which leaves the inherited one alone.
// What is made is published by an atomic exchange and never destroyed: keys may be used while
// static objects go.

namespace keystore {
namespace {

constexpr std::size_t digest_count = static_cast<std::size_t>(Digest::sha512_256) + 1;

struct PerProcess {
  std::atomic<OSSL_LIB_CTX*> ctx = nullptr;
  std::atomic<OSSL_LIB_CTX*> legacy_ctx = nullptr;
  std::array<std::atomic<EVP_MD*>, digest_count> digests = {};
  PerProcess* older = nullptr;
};

constinit ForkMarker this_process;
/// Keeps all of them reachable, so that no leak check takes them for lost.
constinit std::atomic<PerProcess*> newest = nullptr;

/// Keeps `made` in `place` unless another thread was faster.
template <class T, class Pointer>
T* publish(std::atomic<T*>& place, Pointer made) {
  T* expected = nullptr;
  if (place.compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) {
    return made.release();
  }
  return expected;
}

PerProcess& make_per_process(std::atomic<void*>& slot) {
  auto fresh = std::make_unique<PerProcess>();
  const auto* candidate = fresh.get();
  auto* made = static_cast<PerProcess*>(publish(slot, std::move(fresh)));
  if (made == candidate) made->older = newest.exchange(made);
  return *made;
}

PerProcess& per_process() {
  auto& slot = this_process.slot();
  if (auto* made = slot.load(std::memory_order_acquire)) return *static_cast<PerProcess*>(made);
  return make_per_process(slot);
}

OsslLibCtxPtr make_ctx() {
  OsslLibCtxPtr ctx(OSSL_LIB_CTX_new());
  // Kept loaded by the context itself until it goes.
  if (ctx == nullptr || OSSL_PROVIDER_load(ctx.get(), "default") == nullptr) throw std::bad_alloc();
  return ctx;
}

/// Null where the provider is not installed. The folder that OpenSSL was built for is the first
/// choice: OPENSSL_MODULES often names one with a provider of the site alone.
OsslLibCtxPtr make_legacy_ctx() {
  auto ctx = make_ctx();
  std::string folder = OPENSSL_info(OPENSSL_INFO_MODULES_DIR);
  OSSL_PROVIDER_set_default_search_path(ctx.get(), folder.c_str());
  if (OSSL_PROVIDER_load(ctx.get(), "legacy") != nullptr) return ctx;
  OSSL_PROVIDER_set_default_search_path(ctx.get(), nullptr);
  return OSSL_PROVIDER_load(ctx.get(), "legacy") != nullptr ? std::move(ctx) : nullptr;
}

}  // namespace

OSSL_LIB_CTX* private_lib_ctx() {
  auto& place = per_process().ctx;
  if (auto* ctx = place.load(std::memory_order_acquire)) return ctx;
  return publish(place, make_ctx());
}

OSSL_LIB_CTX* legacy_lib_ctx() {
  auto& place = per_process().legacy_ctx;
  if (auto* ctx = place.load(std::memory_order_acquire)) return ctx;
  const OpensslErrorMark mark;
  auto made = make_legacy_ctx();
  return made == nullptr ? nullptr : publish(place, std::move(made));
}

OSSL_LIB_CTX* lib_ctx_with_cipher(const char* name) {
  const OpensslErrorMark mark;
  const auto has_it = [name](OSSL_LIB_CTX* ctx) {
    return EvpCipherPtr(EVP_CIPHER_fetch(ctx, name, nullptr)) != nullptr;
  };
  if (has_it(private_lib_ctx())) return private_lib_ctx();
  auto* legacy = legacy_lib_ctx();
  return legacy != nullptr && has_it(legacy) ? legacy : private_lib_ctx();
}

const EVP_MD* digest_method(Digest digest) {
  if (digest == Digest::none) return nullptr;
  auto& place = per_process().digests[static_cast<std::size_t>(digest)];
  if (const auto* method = place.load(std::memory_order_acquire)) return method;
  EvpMdPtr made(
      EVP_MD_fetch(private_lib_ctx(), std::string(openssl_name(digest)).c_str(), nullptr));
  if (made == nullptr) throw std::bad_alloc();
  return publish(place, std::move(made));
}

Bytes hash(Digest digest, BytesView data) {
  const auto* method = digest_method(digest);
  if (method == nullptr) return {};
  Bytes result(digest_size(digest));
  if (EVP_Digest(data.data(), data.size(), result.data(), nullptr, method, nullptr) != 1) {
    throw std::bad_alloc();
  }
  return result;
}

}  // namespace keystore
