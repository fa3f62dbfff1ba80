#include <openssl/ssl.h>

#include "bindings/openssl/tls/tls.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::openssl {
namespace {

Failure refused(std::string_view what, const Certificate& about) {
  return fail(Errc::internal,
              "OpenSSL did not take " + std::string(what) + " of " + about.subject(),
              "its security level may forbid the key or the signature");
}

X509Ptr to_x509(const Certificate& certificate) {
  const auto* octets = certificate.der().data();
  return X509Ptr(d2i_X509(nullptr, &octets, static_cast<long>(certificate.der().size())));
}

Result<void> add_certificates(SSL_CTX* context, const Identity& identity) {
  const auto leaf = to_x509(identity.leaf());
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return refused("the certificate", identity.leaf());
  }
  for (const auto& issuer : identity.chain()) {
    const auto x509 = to_x509(issuer);
    if (!x509 || SSL_CTX_add1_chain_cert(context, x509.get()) != 1) {
      return refused("the chain certificate", issuer);
    }
  }
  return {};
}

Result<SslCtxPtr> make_context(const Identity& identity, const SSL_METHOD* method) {
  SslCtxPtr context(SSL_CTX_new(method));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) {
    return fail(Errc::internal, "OpenSSL makes no TLS context");
  }
  if (auto added = add_certificates(context.get(), identity); !added) return Failure(added.error());
  const auto key = pkey(identity.key());
  if (!key) return Failure(key.error());
  if (SSL_CTX_use_PrivateKey(context.get(), key->get()) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return refused("the key", identity.leaf());
  }
  return context;
}

}  // namespace

void FreeSslCtx::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }

Result<SslCtxPtr> server_context(const Identity& identity) {
  return make_context(identity, TLS_server_method());
}

Result<SslCtxPtr> client_context(const Identity& identity) {
  auto context = make_context(identity, TLS_client_method());
  if (!context) return context;
  SSL_CTX_set_verify(context->get(), SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_set_default_verify_paths(context->get()) != 1) {
    return fail(Errc::io, "cannot find the system's trusted certificates");
  }
  return context;
}

}  // namespace keystore::openssl
