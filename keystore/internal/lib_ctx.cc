#include "keystore/internal/lib_ctx.h"

#include <array>
#include <atomic>
#include <new>
#include <string>

#include "keystore/internal/openssl_ptr.h"

// What is made here is published by an atomic exchange and never destroyed: a lock could be held
// by another thread at a fork, and keys may be used while other static objects go.

namespace keystore {
namespace {

constexpr std::size_t digest_count = static_cast<std::size_t>(Digest::sha3_512) + 1;

std::atomic<OSSL_LIB_CTX*> shared_ctx = nullptr;
std::array<std::atomic<EVP_MD*>, digest_count> shared_digests = {};

/// Keeps `made` in `place` unless another thread was faster.
template <class T, class Pointer>
T* publish(std::atomic<T*>& place, Pointer made) {
  T* expected = nullptr;
  if (place.compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) {
    return made.release();
  }
  return expected;
}

OsslLibCtxPtr make_ctx() {
  OsslLibCtxPtr ctx(OSSL_LIB_CTX_new());
  // Kept loaded by the context itself until it goes.
  if (ctx == nullptr || OSSL_PROVIDER_load(ctx.get(), "default") == nullptr) throw std::bad_alloc();
  return ctx;
}

}  // namespace

OSSL_LIB_CTX* private_lib_ctx() {
  if (auto* ctx = shared_ctx.load(std::memory_order_acquire)) return ctx;
  return publish(shared_ctx, make_ctx());
}

const EVP_MD* digest_method(Digest digest) {
  if (digest == Digest::none) return nullptr;
  auto& place = shared_digests[static_cast<std::size_t>(digest)];
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
