#include "bindings/openssl/tls/shown_identity.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace keystore::openssl {
namespace {

struct Usage {
  std::uint32_t bit;
  const char* name;
};

// RFC 5280, 4.2.1.12.
constexpr std::array extended_usages = {
    Usage{XKU_SSL_SERVER, "serverAuth"}, Usage{XKU_SSL_CLIENT, "clientAuth"},
    Usage{XKU_SMIME, "emailProtection"}, Usage{XKU_CODE_SIGN, "codeSigning"},
    Usage{XKU_OCSP_SIGN, "OCSPSigning"}, Usage{XKU_TIMESTAMP, "timeStamping"}};

std::string extended_usages_of(X509* leaf) {
  std::string list;
  for (const auto& usage : extended_usages) {
    if ((X509_get_extended_key_usage(leaf) & usage.bit) == 0) continue;
    list += (list.empty() ? "" : ", ") + std::string(usage.name);
  }
  return list.empty() ? "others" : list;
}

// Every handshake here signs, so key encipherment does not help (RFC 8446, 4.4.2.2).
Result<void> check_purpose(X509* leaf, const Certificate& certificate, Role role) {
  const bool server = role == Role::server;
  const auto wanted = server ? XKU_SSL_SERVER : XKU_SSL_CLIENT;
  const auto about = fmt::format("the certificate of '{}' is not for TLS {}", certificate.subject(),
                                 server ? "servers" : "clients");
  if ((X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE) != 0 &&
      (X509_get_extended_key_usage(leaf) & (wanted | XKU_ANYEKU)) == 0) {
    return fail(Errc::access_denied,
                fmt::format("{}: its extended key usage says {}", about, extended_usages_of(leaf)),
                fmt::format("have it issued with {}", server ? "serverAuth" : "clientAuth"));
  }
  if ((X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) == 0) {
    return fail(Errc::access_denied,
                fmt::format("{}: its key usage does not allow signatures", about),
                "have it issued with digitalSignature");
  }
  return {};
}

Result<void> check_validity(const Certificate& certificate, std::chrono::sys_seconds at) {
  const bool expired = at > certificate.not_after();
  if (!expired && at >= certificate.not_before()) return {};
  return fail(Errc::not_trusted,
              fmt::format("the certificate of '{}' {} {:%F %T} UTC", certificate.subject(),
                          expired ? "expired on" : "is not valid before",
                          fmt::gmtime(std::chrono::system_clock::to_time_t(
                              expired ? certificate.not_after() : certificate.not_before()))),
              expired ? "renew it" : "check the clock of this machine");
}

// TLS 1.2 allows any hash with any curve (RFC 5246, 7.4.1.4.1): what schemes() names for the curve
// comes first, the other hashes after it.
std::vector<SignatureScheme> tls_schemes(const Key& key) {
  using enum SignatureScheme;
  std::vector<SignatureScheme> schemes(key.schemes().begin(), key.schemes().end());
  std::erase_if(schemes, [](auto each) { return each == rsa_pkcs1_sha1 || each == ecdsa_sha1; });
  if (key.type() != KeyType::ec) return schemes;
  for (const auto each : {ecdsa_secp256r1_sha256, ecdsa_secp384r1_sha384, ecdsa_secp521r1_sha512}) {
    const bool listed = std::ranges::find(schemes, each) != schemes.end();
    if (!listed && !schemes.empty() && key.can_sign(spec_of(each))) schemes.push_back(each);
  }
  return schemes;
}

std::vector<std::string> host_names(const Certificate& certificate) {
  constexpr std::string_view prefix = "dns:";
  std::vector<std::string> names;
  for (const auto& name : certificate.names()) {
    if (!name.starts_with(prefix)) continue;
    names.push_back(name.substr(prefix.size()));
    std::ranges::transform(names.back(), names.back().begin(),
                           [](unsigned char c) { return std::tolower(c); });
  }
  return names;
}

X509sPtr to_stack(const std::vector<Certificate>& certificates) {
  X509sPtr stack(sk_X509_new_null());
  for (const auto& each : certificates) {
    auto x509 = to_x509(each);
    if (x509 && sk_X509_push(stack.get(), x509.get()) > 0) x509.release();
  }
  return stack;
}

// SSL_CTX has one place for each of these.
auto place_of(const ShownIdentity& shown) {
  const auto& shape = shown.identity.key().public_key()->shape();
  return std::pair(shape.type, shape.rsa_pss_only);
}

}  // namespace

bool ShownIdentity::goes_beside(const ShownIdentity& other) const {
  return place_of(*this) != place_of(other);
}

bool ShownIdentity::signs_tls1_3() const {
  return std::ranges::any_of(
      schemes, [](auto each) { return spec_of(each).algorithm != SignAlgorithm::rsa_pkcs1; });
}

Result<ShownIdentityPtr> show(const Identity& identity, Role role, std::chrono::sys_seconds at,
                              OSSL_LIB_CTX* lib_ctx) {
  const auto& leaf = identity.leaf();
  if (auto valid = check_validity(leaf, at); !valid) return Failure(valid.error());
  auto x509 = to_x509(leaf);
  if (!x509)
    return fail(Errc::malformed, "OpenSSL cannot read the certificate of " + leaf.subject());
  if (auto fit = check_purpose(x509.get(), leaf, role); !fit) return Failure(fit.error());
  auto schemes = tls_schemes(identity.key());
  if (schemes.empty()) {
    return fail(Errc::unsupported,
                "key '" + identity.key().uri().canonical() + "' makes no signature that TLS uses");
  }
  auto key = pkey(identity.key(), lib_ctx);
  if (!key) return Failure(key.error());
  return std::make_shared<const ShownIdentity>(ShownIdentity{.identity = identity,
                                                             .key = *std::move(key),
                                                             .leaf = std::move(x509),
                                                             .chain = to_stack(identity.chain()),
                                                             .schemes = std::move(schemes),
                                                             .names = host_names(leaf)});
}

std::string scheme_list(const std::vector<SignatureScheme>& schemes) {
  std::string list;
  for (const auto each : schemes) list += (list.empty() ? "" : ":") + std::string(to_string(each));
  return list;
}

X509Ptr to_x509(const Certificate& certificate) {
  const auto* octets = certificate.der().data();
  return X509Ptr(d2i_X509(nullptr, &octets, static_cast<long>(certificate.der().size())));
}

}  // namespace keystore::openssl
