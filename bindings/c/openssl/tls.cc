#include "bindings/openssl/tls/tls.h"

#include "bindings/c/guard.h"
#include "bindings/c/handles.h"
#include "bindings/c/ks_openssl.h"
#include "bindings/c/open_options.h"

namespace c = keystore::c;
namespace tls = keystore::openssl;

struct ks_rotator {
  tls::Rotator rotator;
};

namespace {

static_assert(static_cast<int>(tls::Role::server) == KS_TLS_SERVER);
static_assert(static_cast<int>(tls::Role::client) == KS_TLS_CLIENT);
static_assert(static_cast<int>(tls::ClientCertificate::none) == KS_TLS_CLIENT_CERTIFICATE_NONE);
static_assert(static_cast<int>(tls::ClientCertificate::optional) ==
              KS_TLS_CLIENT_CERTIFICATE_OPTIONAL);
static_assert(static_cast<int>(tls::ClientCertificate::required) ==
              KS_TLS_CLIENT_CERTIFICATE_REQUIRED);

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

tls::IdentitySource source_of(const ks_tls_source& given) {
  if (given.identity != nullptr) return {.ready = given.identity->identity};
  return {.key = std::string(c::require_text(given.key, "key")),
          .certificates = text_or_empty(given.certificates)};
}

tls::TlsOptions options_of(const ks_tls_options* given) {
  constexpr ks_tls_options defaults = KS_TLS_OPTIONS_INIT;
  const auto options = c::read_sized(given, defaults, "options");
  tls::TlsOptions made{
      .role = c::known(options.role, tls::Role::client, "role"),
      .client_certificate = c::known(options.client_certificate, tls::ClientCertificate::required,
                                     "client_certificate"),
      .host = text_or_empty(options.host),
      .any_host = options.any_host != 0,
      .open = c::open_options(options.open),
      .lib_ctx = options.lib_ctx};
  if (options.identity_count > 0) c::require(options.identities, "identities");
  for (std::size_t i = 0; i < options.identity_count; ++i) {
    made.identities.push_back(source_of(options.identities[i]));
  }
  if (options.trust_count > 0) c::require(options.trust, "trust");
  for (std::size_t i = 0; i < options.trust_count; ++i) {
    made.trust.emplace_back(c::require_text(options.trust[i], "trust"));
  }
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

int32_t ks_rotator_start(ssl_ctx_st* context, ks_rotator** out) {
  return c::guard(__func__, [&] {
    c::require(context, "context");
    auto& place = c::require(out, "out");
    place = new ks_rotator{c::take(tls::Rotator::start(context))};
  });
}

void ks_rotator_free(ks_rotator* rotator) { delete rotator; }

void ks_rotator_check(ks_rotator* rotator) {
  c::guard(__func__, [&] { c::require(rotator, "rotator").rotator.check(); });
}
