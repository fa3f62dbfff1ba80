#include "bindings/openssl/tls/staging.h"

#include "keystore/store.h"

namespace keystore::openssl {
namespace {

Result<Identity> find_identity(const IdentitySource& source, const OpenOptions& open) {
  if (source.ready) return *source.ready;
  const auto keys = keystore::open(source.key, open);
  if (!keys) return Failure(keys.error());
  if (source.certificates.empty()) return keys->identity();
  auto key = keys->key();
  if (!key) return Failure(key.error());
  const auto certificates = keystore::open(source.certificates, open);
  if (!certificates) return Failure(certificates.error());
  return certificates->identity_of(*std::move(key));
}

}  // namespace

Result<ShownIdentityPtr> load_identity(const IdentitySource& source, const TlsOptions& options,
                                       std::chrono::sys_seconds at) {
  const auto identity = find_identity(source, source.open ? *source.open : options.open);
  if (!identity) return Failure(identity.error());
  auto shown = show(*identity, options.role, at, options.lib_ctx);
  if (shown && options.min_version == ProtocolVersion::tls1_3 && !(*shown)->signs_tls1_3()) {
    return fail(Errc::unsupported,
                "key '" + identity->key().uri().canonical() +
                    "' makes no RSA-PSS signatures, which TLS 1.3 needs",
                "allow TLS 1.2, or use another key");
  }
  return shown;
}

std::chrono::sys_seconds now_in_seconds() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace keystore::openssl
