#include "keystore/internal/software_key.h"

#include <atomic>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/opaque_key.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/pkcs8.h"
#include "keystore/internal/public_key_parsed.h"
#include "keystore/internal/sign_params.h"

namespace keystore {
namespace {

class SoftwareKey final : public KeyBackend {
 public:
  SoftwareKey(Secret pkcs8, EvpPkeyPtr pkey, Entry entry)
      : pkcs8_(std::move(pkcs8)), entry_(std::move(entry)) {
    pkey_.get([&pkey] { return std::move(pkey); });
  }

  const Entry& entry() const noexcept override { return entry_; }
  std::span<const SignatureScheme> schemes() const noexcept override {
    return schemes_of(*entry_.shape);
  }
  Result<Reply> run(const Request& request, const CallLimits& limits) const override;
  Result<Secret> export_pkcs8() const override;

 private:
  Result<Reply> answer(const SignRequest& request) const;
  Result<Reply> answer(const DecryptRequest& request) const;
  Result<Reply> answer(const DeriveRequest& request) const;
  Result<Reply> sign_message(BytesView message) const;
  EVP_PKEY* pkey() const;
  /// Looks at the key before its first use as at no other time: it takes as long as a signature.
  Result<void> be_sound() const;
  EvpPkeyCtxPtr new_ctx() const {
    return EvpPkeyCtxPtr(EVP_PKEY_CTX_new_from_pkey(private_lib_ctx(), pkey(), nullptr));
  }
  Failure failed(Errc code, std::string_view what) const {
    return Failure(
        error_from_openssl(code, "key '" + entry_.uri.canonical() + "' " + std::string(what)));
  }

  Secret pkcs8_;
  ProcessPkey pkey_;
  Entry entry_;
  mutable std::atomic<bool> sound_ = false;
};

EVP_PKEY* SoftwareKey::pkey() const {
  return pkey_.get([this] {
    auto pkey = decode_pkcs8(pkcs8_.view());
    return pkey ? *std::move(pkey) : nullptr;
  });
}

Result<void> SoftwareKey::be_sound() const {
  if (sound_.load(std::memory_order_relaxed)) return {};
  if (!is_sound(pkcs8_.view())) {
    return fail(Errc::malformed, "key '" + entry_.uri.canonical() +
                                     "' is broken: its factors are not prime numbers");
  }
  sound_.store(true, std::memory_order_relaxed);
  return {};
}

Result<Secret> SoftwareKey::export_pkcs8() const {
  if (auto sound = be_sound(); !sound) return Failure(sound.error());
  return pkcs8_.clone();
}

Result<Reply> SoftwareKey::run(const Request& request, const CallLimits&) const {
  const OpensslErrorMark mark;
  if (auto sound = be_sound(); !sound) return Failure(sound.error());
  return std::visit([this](const auto& asked) { return answer(asked); }, request);
}

Result<Reply> SoftwareKey::answer(const SignRequest& request) const {
  if (auto fits = check_sign_spec(*entry_.shape, request.spec, request.input); !fits) {
    return Failure(fits.error());
  }
  if (!request.spec.context.empty()) {
    return fail(Errc::unsupported, "EdDSA with a context is not supported");
  }
  if (request.spec.algorithm == SignAlgorithm::eddsa) return sign_message(request.input);
  const auto ctx = new_ctx();
  const EvpParams params(request.spec);
  if (ctx == nullptr || EVP_PKEY_sign_init_ex(ctx.get(), params.get()) != 1) {
    return failed(Errc::unsupported, "cannot make this kind of signature");
  }
  Bytes buffer;
  const auto octets = signed_octets(request.spec, request.input, buffer);
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(pkey())));
  auto size = signature.size();
  if (EVP_PKEY_sign(ctx.get(), signature.data(), &size, octets.data(), octets.size()) != 1) {
    return failed(Errc::invalid_argument, "did not sign: the input does not fit key and padding");
  }
  signature.resize(size);
  return signature;
}

Result<Reply> SoftwareKey::sign_message(BytesView message) const {
  const EvpMdCtxPtr ctx(EVP_MD_CTX_new());
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(pkey())));
  auto size = signature.size();
  if (ctx == nullptr ||
      EVP_DigestSignInit_ex(ctx.get(), nullptr, nullptr, private_lib_ctx(), nullptr, pkey(),
                            nullptr) != 1 ||
      EVP_DigestSign(ctx.get(), signature.data(), &size, message.data(), message.size()) != 1) {
    return failed(Errc::internal, "did not sign");
  }
  signature.resize(size);
  return signature;
}

Result<Reply> SoftwareKey::answer(const DecryptRequest& request) const {
  const auto ctx = new_ctx();
  const EvpParams params(request.spec);
  if (ctx == nullptr || EVP_PKEY_decrypt_init_ex(ctx.get(), params.get()) != 1) {
    return failed(Errc::unsupported, "cannot decrypt with this padding");
  }
  Secret plaintext(static_cast<std::size_t>(EVP_PKEY_get_size(pkey())));
  auto size = plaintext.size();
  if (EVP_PKEY_decrypt(ctx.get(), plaintext.writable().data(), &size, request.ciphertext.data(),
                       request.ciphertext.size()) != 1) {
    return failed(Errc::malformed, "cannot decrypt this ciphertext");
  }
  plaintext.shrink(size);
  return plaintext;
}

Result<Reply> SoftwareKey::answer(const DeriveRequest& request) const {
  const auto ctx = new_ctx();
  if (ctx == nullptr || EVP_PKEY_derive_init(ctx.get()) != 1) {
    return failed(Errc::unsupported, "cannot derive a shared secret");
  }
  std::size_t size = 0;
  if (EVP_PKEY_derive_set_peer(ctx.get(), pkey_of(request.peer)) != 1 ||
      EVP_PKEY_derive(ctx.get(), nullptr, &size) != 1) {
    return failed(Errc::invalid_argument, "cannot derive with this public key");
  }
  Secret shared(size);
  if (EVP_PKEY_derive(ctx.get(), shared.writable().data(), &size) != 1) {
    return failed(Errc::invalid_argument, "cannot derive with this public key");
  }
  shared.shrink(size);
  return shared;
}

EvpPkeyPtr generate(const KeySpec& spec) {
  auto* ctx = private_lib_ctx();
  const std::size_t bits = spec.bits;
  switch (spec.type) {
    case KeyType::rsa:
      return EvpPkeyPtr(EVP_PKEY_Q_keygen(ctx, nullptr, "RSA", bits));
    case KeyType::ec:
      return EvpPkeyPtr(EVP_PKEY_Q_keygen(ctx, nullptr, "EC", spec.curve.c_str()));
    case KeyType::ed25519:
      return EvpPkeyPtr(EVP_PKEY_Q_keygen(ctx, nullptr, "ED25519"));
    case KeyType::ed448:
      return EvpPkeyPtr(EVP_PKEY_Q_keygen(ctx, nullptr, "ED448"));
    case KeyType::x25519:
      return EvpPkeyPtr(EVP_PKEY_Q_keygen(ctx, nullptr, "X25519"));
    case KeyType::x448:
      return EvpPkeyPtr(EVP_PKEY_Q_keygen(ctx, nullptr, "X448"));
    case KeyType::dsa:
    case KeyType::other:
      return nullptr;
  }
  return nullptr;
}

}  // namespace

Result<std::shared_ptr<const KeyBackend>> make_software_key(Secret pkcs8, Entry entry) {
  const OpensslErrorMark mark;
  auto pkey = decode_pkcs8(pkcs8.view());
  if (!pkey && pkey.error().code == Errc::unsupported && is_of_foreign_kind(pkcs8.view())) {
    return make_opaque_key(std::move(pkcs8), std::move(entry));
  }
  if (!pkey) return Failure(pkey.error());
  if (has_explicit_curve(pkcs8.view())) {
    auto named = encode_pkcs8(pkey->get());
    // A curve that has no name.
    if (!named) return make_opaque_key(std::move(pkcs8), std::move(entry));
    pkcs8 = *std::move(named);
  }
  auto public_key = public_key_of(pkey->get());
  if (!public_key) return Failure(public_key.error());
  entry.kind = EntryKind::private_key;
  entry.extractable = true;
  entry.shape = shape_of(pkey->get());
  entry.public_key = *std::move(public_key);
  return std::make_shared<const SoftwareKey>(std::move(pkcs8), *std::move(pkey), std::move(entry));
}

Result<Secret> generate_software_key(const KeySpec& spec) {
  const OpensslErrorMark mark;
  const auto pkey = generate(spec);
  if (pkey == nullptr) {
    return Failure(error_from_openssl(
        Errc::invalid_argument,
        "cannot generate a key of type " + std::string(to_string(spec.type)) + " like this"));
  }
  return encode_pkcs8(pkey.get());
}

Result<Key> generate_into(Importer& importer, const KeySpec& spec, const NewObject& object) {
  auto pkcs8 = generate_software_key(spec);
  if (!pkcs8) return Failure(pkcs8.error());
  auto entry = importer.import_key(*pkcs8, object);
  if (!entry) return Failure(entry.error());
  auto key = make_software_key(std::move(*pkcs8), std::move(*entry));
  if (!key) return Failure(key.error());
  return Key(std::move(*key));
}

}  // namespace keystore
