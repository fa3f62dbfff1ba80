#include "bindings/openssl/provider/dispatch/signature_context.h"

namespace keystore::provider {
namespace {

std::string names_of(std::span<const SignatureScheme> schemes) {
  std::string names;
  for (const auto scheme : schemes) {
    names += (names.empty() ? "" : ", ") + std::string(to_string(scheme));
  }
  return names;
}

}  // namespace

Error not_offered(const Key& key, std::string_view algorithm, const DigestChoice& digest) {
  auto message = "the token of key " + key.uri().canonical() + " makes no " +
                 std::string(algorithm) + " signatures";
  if (digest.md != nullptr) message += std::string(" with ") + EVP_MD_get0_name(digest.md);
  const auto schemes = key.schemes();
  if (!schemes.empty()) message += "; it can " + names_of(schemes);
  // libssl knows keys by the digest alone, and prefers PSS.
  const bool for_tls = algorithm == "RSA-PSS";
  return {.code = Errc::unsupported,
          .message = std::move(message),
          .hint = for_tls ? "TLS 1.3 needs RSA-PSS; for TLS 1.2 set the program's signature "
                            "algorithms to RSA+SHA256"
                          : ""};
}

Error too_long(const Key& key) {
  return {.code = Errc::unsupported,
          .message = "the token of key " + key.uri().canonical() +
                     " hashes by itself, and the message is longer than " +
                     std::to_string(longest_message) + " octets",
          .hint = "sign the digest of it with another key, or hand it over in one piece"};
}

}  // namespace keystore::provider
