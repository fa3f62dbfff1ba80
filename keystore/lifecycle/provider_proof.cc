#include "keystore/lifecycle/internal/provider_proof.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <filesystem>
#include <future>

#include "keystore/internal/openssl_ptr.h"
#include "keystore/lifecycle/internal/crypto.h"

namespace keystore::lifecycle {
namespace {

constexpr std::size_t message_size = 64;

/// A library context with `default` and our provider, as a program has it. Members are freed from
/// the last to the first.
struct Host {
  OsslLibCtxPtr context = {};
  OsslProviderPtr plain = {};
  OsslProviderPtr keystore = {};
};

Result<void> prove_here(const std::string& path, const PublicKey& expected, SecretKeeper& pin);
std::filesystem::path provider_folder();
Result<Host> make_host();
Result<EvpPkeyPtr> load_key(const Host& host, const std::string& path, SecretKeeper& pin);
Result<Bytes> sign_as_host(const Host& host, EVP_PKEY* key, const SignSpec& spec, BytesView message,
                           const std::string& path);
SignSpec spec_for(const KeyShape& shape);
Error openssl_failure(std::string what);

}  // namespace

Result<void> check_provider() {
  const auto path = provider_folder() / "keystore.so";
  if (std::filesystem::exists(path)) return {};
  return fail(Errc::not_found, fmt::format("the OpenSSL provider {} is missing", path.string()),
              "install it, or leave its proof out with --skip-provider-proof");
}

// On a thread of its own, which has an error queue of its own: the host's stays as it is.
Result<void> prove_through_provider(const std::string& path, const PublicKey& expected,
                                    SecretKeeper& pin) {
  return std::async(std::launch::async, [&] { return prove_here(path, expected, pin); }).get();
}

namespace {

Result<void> prove_here(const std::string& path, const PublicKey& expected, SecretKeeper& pin) {
  const auto host = make_host();
  if (!host) return Failure(host.error());
  const auto key = load_key(*host, path, pin);
  if (!key) return Failure(key.error());
  const auto message = random_bytes(message_size);
  if (!message) return Failure(message.error());
  const auto spec = spec_for(expected.shape());
  const auto signature = sign_as_host(*host, key->get(), spec, *message, path);
  if (!signature) return Failure(signature.error());
  const auto good = expected.verify(spec, *message, *signature);
  if (!good) return Failure(good.error());
  if (*good) return {};
  return fail(
      Errc::key_mismatch,
      fmt::format("a signature with {} through OpenSSL is not good for the key that was moved",
                  path));
}

std::filesystem::path provider_folder() {
  Dl_info here = {};
  if (dladdr(reinterpret_cast<const void*>(&provider_folder), &here) == 0) return "ossl-modules";
  std::error_code error;
  return std::filesystem::weakly_canonical(here.dli_fname, error).parent_path() / "ossl-modules";
}

Result<Host> make_host() {
  Host host;
  host.context.reset(OSSL_LIB_CTX_new());
  if (!host.context) return Failure(openssl_failure("cannot make a library context"));
  const auto folder = provider_folder().string();
  OSSL_PROVIDER_set_default_search_path(host.context.get(), folder.c_str());
  host.plain.reset(OSSL_PROVIDER_load(host.context.get(), "default"));
  if (!host.plain) return Failure(openssl_failure("cannot load OpenSSL's default provider"));
  host.keystore.reset(OSSL_PROVIDER_load(host.context.get(), "keystore"));
  if (!host.keystore) {
    return Failure(openssl_failure(fmt::format("cannot load the provider {}/keystore.so", folder)));
  }
  return host;
}

/// OpenSSL asks for a passphrase; for a reference that is the PIN.
int answer(char* buffer, int size, int, void* context) {
  auto& pin = *static_cast<SecretKeeper*>(context);
  const auto secret = pin.read({.what = PinRequest::What::token_pin});
  if (!secret || secret->size() > static_cast<std::size_t>(size)) return -1;
  const auto view = secret->view();
  std::copy(view.begin(), view.end(), buffer);
  return static_cast<int>(view.size());
}

Result<EvpPkeyPtr> load_key(const Host& host, const std::string& path, SecretKeeper& pin) {
  const BioPtr file(BIO_new_file(path.c_str(), "r"));
  if (!file) return Failure(openssl_failure(fmt::format("cannot read {}", path)));
  EvpPkeyPtr key(
      PEM_read_bio_PrivateKey_ex(file.get(), nullptr, answer, &pin, host.context.get(), nullptr));
  if (!key) return Failure(openssl_failure(fmt::format("OpenSSL cannot load {}", path)));
  return key;
}

Result<Bytes> sign_as_host(const Host& host, EVP_PKEY* key, const SignSpec& spec, BytesView message,
                           const std::string& path) {
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* details = nullptr;
  const char* digest = spec.digest == Digest::none ? nullptr : openssl_name(spec.digest).data();
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
  auto size = signature.size();
  bool good = context && EVP_DigestSignInit_ex(context.get(), &details, digest, host.context.get(),
                                               nullptr, key, nullptr) == 1;
  if (good && spec.algorithm == SignAlgorithm::rsa_pss) {
    good = EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) == 1;
  }
  good = good && EVP_DigestSign(context.get(), signature.data(), &size, message.data(),
                                message.size()) == 1;
  if (!good) return Failure(openssl_failure(fmt::format("OpenSSL cannot sign with {}", path)));
  signature.resize(size);
  return signature;
}

SignSpec spec_for(const KeyShape& shape) {
  switch (shape.type) {
    case KeyType::ec:
      return {.algorithm = SignAlgorithm::ecdsa, .digest = Digest::sha256};
    case KeyType::ed25519:
    case KeyType::ed448:
      return {.algorithm = SignAlgorithm::eddsa};
    default:
      return {.algorithm = shape.rsa_pss_only ? SignAlgorithm::rsa_pss : SignAlgorithm::rsa_pkcs1,
              .digest = Digest::sha256};
  }
}

// The newest entry with a text of its own says most.
Error openssl_failure(std::string what) {
  std::string reason;
  std::uint64_t newest = 0;
  const char* data = nullptr;
  int flags = 0;
  while (const auto code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
    newest = code;
    const auto* text = ERR_reason_error_string(code);
    const bool told = (flags & ERR_TXT_STRING) != 0 && data != nullptr && *data != '\0';
    if (told) {
      reason = data;
    } else if (reason.empty() && text != nullptr) {
      reason = text;
    }
  }
  if (!reason.empty()) what += ": " + reason;
  return {Errc::unsupported, std::move(what), Cause{"openssl", "", newest}, {}};
}

}  // namespace
}  // namespace keystore::lifecycle
