#pragma once

#include <openssl/core_names.h>

#include <array>
#include <concepts>
#include <memory>
#include <optional>

#include "bindings/openssl/provider/dispatch/entry.h"
#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/dispatch/params.h"
#include "bindings/openssl/provider/key_object.h"
#include "bindings/openssl/provider/private_operation.h"
#include "bindings/openssl/provider/relay.h"
#include "keystore/sign_spec.h"

namespace keystore::provider {

/// What a key whose token hashes by itself is handed at most, in octets: all of it is kept until
/// the end. Handshakes, requests and certificates are far below.
inline constexpr std::size_t longest_message = 16 * 1024 * 1024;

/// Why a key makes no signature with a digest, and why it does not take so long a message.
Error not_offered(const Key& key, std::string_view algorithm, const DigestChoice& digest);
Error too_long(const Key& key);

/// The state of a signature that a store's key will make. `Settings` is what differs between
/// algorithms, a copyable struct with
///   void begin(context)                          the defaults of a fresh operation
///   bool begin_digest(context, const char* name)  takes the digest of a DIGEST_SIGN_INIT
///   bool set(const Provider&, const OSSL_PARAM[])  parameters; false: an error was raised
///   bool get(OSSL_PARAM[]) const                 the same ones, read back
///   std::string_view algorithm_name() const      as errors say it
///   bool offered(const Key&, const DigestChoice&) const
///                                                whether the key signs messages so, as far as
///                                                chosen
///   Result<SignSpec> spec(const Material&, const DigestChoice&, std::size_t input_size) const
///   OsslParamPtr model(const Material&, const DigestChoice&) const
///                                                what a mirror must be told to write the same
///                                                AlgorithmIdentifier
///   gettable(), settable()                       OpenSSL's tables of parameters
template <class Settings>
struct SignatureContext {
  const Provider* provider = nullptr;
  KeyKind kind = KeyKind::rsa;
  MaterialPtr material = {};
  std::unique_ptr<Relay> relay = {};  ///< set: all calls go there
  DigestChoice digest = {};
  bool digest_given = false;          ///< by DIGEST_SIGN_INIT: cannot be changed any more
  bool hashes = false;                ///< begun by DIGEST_SIGN_INIT
  EvpMdCtxPtr hash = {};              ///< begun at the first update
  std::optional<Bytes> message = {};  ///< in its place, for a key whose token hashes by itself
  Settings settings = {};

  std::unique_ptr<SignatureContext> clone() const;
  bool begin(KeyObject* key, bool needs_private);
  bool set_params(const OSSL_PARAM params[]);
  bool get_params(OSSL_PARAM params[]) const;
  bool choose_digest(const char* name);
  /// Refuses what the key cannot sign, so that libssl takes another scheme.
  bool check_offered() const;
  bool update(BytesView data);
  /// Signs what update() got.
  int sign_final(unsigned char* out, std::size_t* size, std::size_t capacity);
  int sign_message(BytesView data, unsigned char* out, std::size_t* size,
                   std::size_t capacity) const;
  int sign_input(BytesView input, unsigned char* out, std::size_t* size,
                 std::size_t capacity) const;
  int sign_as(const SignSpec& spec, BytesView input, unsigned char* out, std::size_t* size,
              std::size_t capacity) const;
  /// The spec to hand over messages with; not set where the key takes their digests.
  std::optional<SignSpec> spec_of_message() const;
  bool answer_algorithm_id(OSSL_PARAM params[]) const;
};

template <class Settings>
std::unique_ptr<SignatureContext<Settings>> SignatureContext<Settings>::clone() const {
  auto copy = std::make_unique<SignatureContext>();
  copy->provider = provider;
  copy->kind = kind;
  copy->material = material;
  copy->digest = digest;
  copy->digest_given = digest_given;
  copy->hashes = hashes;
  copy->settings = settings;
  if (relay && !(copy->relay = relay->clone())) return nullptr;
  if (hash) {
    copy->hash.reset(EVP_MD_CTX_new());
    if (EVP_MD_CTX_copy_ex(copy->hash.get(), hash.get()) != 1) return nullptr;
  }
  copy->message = message;
  return copy;
}

// `key` is null when an operation starts again with the key it had.
template <class Settings>
bool SignatureContext<Settings>::begin(KeyObject* key, bool needs_private) {
  if (key != nullptr) {
    material = key->material;
    kind = key->kind;
  }
  if (!material || (needs_private && !material->has_private())) {
    raise(*provider, Errc::invalid_argument,
          needs_private ? "cannot sign: no private key is set" : "cannot verify: no key is set");
    return false;
  }
  relay.reset();
  digest = {};
  digest_given = false;
  hashes = false;
  hash.reset();
  message.reset();
  settings = {};
  settings.begin(*this);
  return true;
}

template <class Settings>
bool SignatureContext<Settings>::choose_digest(const char* name) {
  const auto found = provider->digests().find(name);
  if (found.md == nullptr) {
    raise(*provider, Errc::unsupported,
          std::string("digest ") + name + " is not one that signatures here use");
    return false;
  }
  digest = found;
  return true;
}

template <class Settings>
bool SignatureContext<Settings>::set_params(const OSSL_PARAM params[]) {
  if (params == nullptr || params[0].key == nullptr) return true;
  if (const auto name = text_param(params, OSSL_SIGNATURE_PARAM_DIGEST)) {
    const auto before = digest;
    if (!choose_digest(name->c_str())) return false;
    if (digest_given && before.md != digest.md) {
      raise(*provider, Errc::invalid_argument, "the digest cannot be changed any more");
      return false;
    }
  }
  return settings.set(*provider, params) && check_offered();
}

// The digest of DIGEST_SIGN_INIT alone: who brings a digest of his own is told when he signs.
template <class Settings>
bool SignatureContext<Settings>::check_offered() const {
  if (!hashes || settings.offered(*material->key, digest)) return true;
  raise(*provider, not_offered(*material->key, settings.algorithm_name(), digest));
  return false;
}

template <class Settings>
bool SignatureContext<Settings>::get_params(OSSL_PARAM params[]) const {
  const auto* name = digest.md ? EVP_MD_get0_name(digest.md) : "";
  return answer_algorithm_id(params) && answer_text(params, OSSL_SIGNATURE_PARAM_DIGEST, name) &&
         settings.get(params);
}

// The private context writes the AlgorithmIdentifier, told what was set here.
template <class Settings>
bool SignatureContext<Settings>::answer_algorithm_id(OSSL_PARAM params[]) const {
  auto* asked = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
  if (asked == nullptr) return true;
  const auto model = settings.model(*material, digest);
  if (!model) return false;
  const auto writer = Relay::begin(RelayOperation::digest_verify, material->mirror(),
                                   digest.md ? EVP_MD_get0_name(digest.md) : nullptr, model.get());
  OSSL_PARAM answer[] = {*asked, OSSL_PARAM_construct_end()};
  if (!writer || !writer->get_params(answer)) return false;
  asked->return_size = answer[0].return_size;
  return true;
}

template <class Settings>
bool SignatureContext<Settings>::update(BytesView data) {
  if (digest.md == nullptr) return false;
  if (!hash && !message) {
    if (spec_of_message()) {
      message.emplace();
    } else {
      hash.reset(EVP_MD_CTX_new());
      if (EVP_DigestInit_ex2(hash.get(), digest.md, nullptr) != 1) return false;
    }
  }
  if (hash) return EVP_DigestUpdate(hash.get(), data.data(), data.size()) == 1;
  if (data.size() > longest_message - message->size()) {
    raise(*provider, too_long(*material->key));
    return false;
  }
  message->insert(message->end(), data.begin(), data.end());
  return true;
}

template <class Settings>
int SignatureContext<Settings>::sign_final(unsigned char* out, std::size_t* size,
                                           std::size_t capacity) {
  if (!update({})) return 0;
  if (message) return sign_message(*message, out, size, capacity);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> value = {};
  unsigned length = 0;
  if (EVP_DigestFinal_ex(hash.get(), value.data(), &length) != 1) return 0;
  return sign_input({value.data(), length}, out, size, capacity);
}

template <class Settings>
int SignatureContext<Settings>::sign_message(BytesView data, unsigned char* out, std::size_t* size,
                                             std::size_t capacity) const {
  if (digest.md == nullptr) return sign_input(data, out, size, capacity);
  if (const auto spec = spec_of_message()) return sign_as(*spec, data, out, size, capacity);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> value = {};
  unsigned length = 0;
  if (!EVP_Digest(data.data(), data.size(), value.data(), &length, digest.md, nullptr)) return 0;
  return sign_input({value.data(), length}, out, size, capacity);
}

template <class Settings>
std::optional<SignSpec> SignatureContext<Settings>::spec_of_message() const {
  auto spec =
      settings.spec(*material, digest, static_cast<std::size_t>(EVP_MD_get_size(digest.md)));
  if (!spec || spec->input != SignInput::digest || material->key->can_sign(*spec)) return {};
  spec->input = SignInput::message;
  if (!material->key->can_sign(*spec)) return {};
  return *spec;
}

template <class Settings>
int SignatureContext<Settings>::sign_input(BytesView input, unsigned char* out, std::size_t* size,
                                           std::size_t capacity) const {
  const auto spec = settings.spec(*material, digest, input.size());
  if (!spec) {
    raise(*provider, spec.error());
    return 0;
  }
  return sign_as(*spec, input, out, size, capacity);
}

template <class Settings>
int SignatureContext<Settings>::sign_as(const SignSpec& spec, BytesView input, unsigned char* out,
                                        std::size_t* size, std::size_t capacity) const {
  const auto signature = ask_to_sign(*material->key, spec, input);
  if (!signature) {
    raise(*provider, signature.error());
    return 0;
  }
  if (copy_out(*signature, out, size, capacity)) return 1;
  raise(*provider, Errc::invalid_argument, "the buffer is too small for the signature");
  return 0;
}

}  // namespace keystore::provider
