#include "bindings/openssl/tls/tls.h"

#include <array>
#include <utility>

#include "bindings/c/guard.h"
#include "bindings/c/handles.h"
#include "bindings/c/ks_openssl.h"
#include "bindings/c/open_options.h"

namespace c = keystore::c;
namespace tls = keystore::openssl;

namespace {

constexpr ks_tls_options default_options = KS_TLS_OPTIONS_INIT;

static_assert(static_cast<int>(tls::ProtocolVersion::tls1_2) == KS_TLS_1_2);
static_assert(static_cast<int>(tls::ProtocolVersion::tls1_3) == KS_TLS_1_3);
static_assert(static_cast<int>(tls::Role::server) == KS_TLS_SERVER);
static_assert(static_cast<int>(tls::Role::client) == KS_TLS_CLIENT);
static_assert(static_cast<int>(tls::ClientCertificate::none) == KS_TLS_CLIENT_CERTIFICATE_NONE);
static_assert(static_cast<int>(tls::ClientCertificate::optional) ==
              KS_TLS_CLIENT_CERTIFICATE_OPTIONAL);
static_assert(static_cast<int>(tls::ClientCertificate::required) ==
              KS_TLS_CLIENT_CERTIFICATE_REQUIRED);

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

std::vector<std::string> texts(const char* const* list, std::size_t count, const char* name) {
  std::vector<std::string> made;
  if (count > 0) c::require(list, name);
  for (std::size_t i = 0; i < count; ++i) made.emplace_back(c::require_text(list[i], name));
  return made;
}

tls::IdentitySource source_of(const ks_tls_source& given) {
  if (given.identity != nullptr) {
    const auto& [identity, origin, flat] = *given.identity;
    if (!origin) return {.ready = identity};
    return {.key = origin->uri,
            .certificates = origin->certificates,
            .ready = identity,
            .open = origin->open};
  }
  return {.key = std::string(c::require_text(given.key, "key")),
          .certificates = text_or_empty(given.certificates)};
}

tls::Revocation revocation_of(const ks_tls_options& options) {
  if (options.crl_check == nullptr) {
    return options.crl_count > 0 ? tls::Revocation::chain : tls::Revocation::none;
  }
  constexpr std::array names = {std::pair("none", tls::Revocation::none),
                                std::pair("leaf", tls::Revocation::leaf),
                                std::pair("chain", tls::Revocation::chain)};
  const std::string_view asked = options.crl_check;
  for (const auto& [name, revocation] : names) {
    if (asked == name) return revocation;
  }
  c::raise(keystore::Errc::invalid_argument, "no crl_check is called '" + std::string(asked) + "'",
           "known: none, leaf, chain");
}

tls::TlsOptions options_of(const ks_tls_options* given) {
  const auto options = c::read_sized(given, default_options, "options");
  tls::TlsOptions made{
      .role = c::known(options.role, tls::Role::client, "role"),
      .identities_only = options.identities_only != 0,
      .trust = texts(options.trust, options.trust_count, "trust"),
      .client_certificate = c::known(options.client_certificate, tls::ClientCertificate::required,
                                     "client_certificate"),
      .host = text_or_empty(options.host),
      .any_host = options.any_host != 0,
      .revocation = revocation_of(options),
      .no_status = options.soft_fail != 0 ? tls::NoStatus::accepted : tls::NoStatus::refused,
      .crls = texts(options.crls, options.crl_count, "crls"),
      .min_version = c::known(options.min_version, tls::ProtocolVersion::tls1_3, "min_version"),
      .max_version = c::known(options.max_version, tls::ProtocolVersion::tls1_3, "max_version"),
      .tls13_ciphersuites = text_or_empty(options.tls13_ciphersuites),
      .open = c::open_options(options.open),
      .lib_ctx = options.lib_ctx};
  if (options.identity_count > 0) c::require(options.identities, "identities");
  for (std::size_t i = 0; i < options.identity_count; ++i) {
    made.identities.push_back(source_of(options.identities[i]));
  }
  if (options.tls12_ciphers != nullptr) made.tls12_ciphers = options.tls12_ciphers;
  return made;
}

}  // namespace

int32_t ks_pkey(const ks_key* key, ossl_lib_ctx_st* context, evp_pkey_st** out) {
  return c::guard(__func__, [&] {
    auto& place = c::require(out, "out");
    place = c::take(tls::pkey(c::require(key, "key").key, context)).release();
  });
}

int32_t ks_tls_configure(ssl_ctx_st* context, const ks_tls_options* options) {
  return c::guard(__func__, [&] {
    c::require(context, "context");
    c::take(tls::configure(context, options_of(options)));
  });
}

int32_t ks_tls_set_host(ssl_st* connection, const char* host) {
  return c::guard(__func__, [&] {
    c::require(connection, "connection");
    c::take(tls::set_host(connection, c::require_text(host, "host")));
  });
}
