#include "bindings/openssl/provider/relay.h"

#include "keystore/internal/lib_ctx.h"

namespace keystore::provider {
namespace {

int begin_digest(RelayOperation operation, EVP_MD_CTX* digesting, EVP_PKEY_CTX** context,
                 EVP_PKEY* pkey, const char* digest_name, const OSSL_PARAM params[]) {
  return operation == RelayOperation::digest_sign
             ? EVP_DigestSignInit_ex(digesting, context, digest_name, private_lib_ctx(), nullptr,
                                     pkey, params)
             : EVP_DigestVerifyInit_ex(digesting, context, digest_name, private_lib_ctx(), nullptr,
                                       pkey, params);
}

int begin_plain(RelayOperation operation, EVP_PKEY_CTX* context, const OSSL_PARAM params[]) {
  switch (operation) {
    case RelayOperation::sign:
      return EVP_PKEY_sign_init_ex(context, params);
    case RelayOperation::verify:
      return EVP_PKEY_verify_init_ex(context, params);
    case RelayOperation::verify_recover:
      return EVP_PKEY_verify_recover_init_ex(context, params);
    case RelayOperation::digest_sign:
    case RelayOperation::digest_verify:
      break;
  }
  return 0;
}

}  // namespace

std::unique_ptr<Relay> Relay::begin(RelayOperation operation, EVP_PKEY* pkey,
                                    const char* digest_name, const OSSL_PARAM params[]) {
  auto relay = std::make_unique<Relay>();
  relay->operation_ = operation;
  if (operation == RelayOperation::digest_sign || operation == RelayOperation::digest_verify) {
    relay->digesting_.reset(EVP_MD_CTX_new());
    if (begin_digest(operation, relay->digesting_.get(), &relay->context_, pkey, digest_name,
                     params) != 1) {
      return nullptr;
    }
    return relay;
  }
  relay->own_context_.reset(EVP_PKEY_CTX_new_from_pkey(private_lib_ctx(), pkey, nullptr));
  relay->context_ = relay->own_context_.get();
  if (!relay->context_ || begin_plain(operation, relay->context_, params) != 1) return nullptr;
  return relay;
}

std::unique_ptr<Relay> Relay::clone() const {
  auto copy = std::make_unique<Relay>();
  copy->operation_ = operation_;
  if (digesting_) {
    copy->digesting_.reset(EVP_MD_CTX_new());
    if (EVP_MD_CTX_copy_ex(copy->digesting_.get(), digesting_.get()) != 1) return nullptr;
    copy->context_ = EVP_MD_CTX_get_pkey_ctx(copy->digesting_.get());
  } else {
    copy->own_context_.reset(EVP_PKEY_CTX_dup(own_context_.get()));
    copy->context_ = copy->own_context_.get();
  }
  return copy->context_ ? std::move(copy) : nullptr;
}

int Relay::set_params(const OSSL_PARAM params[]) {
  return EVP_PKEY_CTX_set_params(context_, params) == 1 ? 1 : 0;
}

int Relay::get_params(OSSL_PARAM params[]) {
  return EVP_PKEY_CTX_get_params(context_, params) == 1 ? 1 : 0;
}

int Relay::update(BytesView data) {
  return operation_ == RelayOperation::digest_sign
             ? EVP_DigestSignUpdate(digesting_.get(), data.data(), data.size())
             : EVP_DigestVerifyUpdate(digesting_.get(), data.data(), data.size());
}

int Relay::sign_final(unsigned char* out, std::size_t* size, std::size_t capacity) {
  *size = capacity;
  return EVP_DigestSignFinal(digesting_.get(), out, size) == 1 ? 1 : 0;
}

int Relay::verify_final(BytesView signature) {
  return EVP_DigestVerifyFinal(digesting_.get(), signature.data(), signature.size());
}

int Relay::digest_sign(unsigned char* out, std::size_t* size, std::size_t capacity,
                       BytesView message) {
  *size = capacity;
  return EVP_DigestSign(digesting_.get(), out, size, message.data(), message.size()) == 1 ? 1 : 0;
}

int Relay::digest_verify(BytesView signature, BytesView message) {
  return EVP_DigestVerify(digesting_.get(), signature.data(), signature.size(), message.data(),
                          message.size());
}

int Relay::sign(unsigned char* out, std::size_t* size, std::size_t capacity, BytesView digest) {
  *size = capacity;
  return EVP_PKEY_sign(context_, out, size, digest.data(), digest.size()) == 1 ? 1 : 0;
}

int Relay::verify(BytesView signature, BytesView digest) {
  return EVP_PKEY_verify(context_, signature.data(), signature.size(), digest.data(),
                         digest.size());
}

int Relay::verify_recover(unsigned char* out, std::size_t* size, std::size_t capacity,
                          BytesView signature) {
  *size = capacity;
  return EVP_PKEY_verify_recover(context_, out, size, signature.data(), signature.size()) == 1;
}

}  // namespace keystore::provider
