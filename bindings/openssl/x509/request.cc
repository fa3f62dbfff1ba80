#include "bindings/openssl/x509/request.h"

#include <fmt/format.h>
#include <openssl/pem.h>

#include "bindings/openssl/x509/alternative_names.h"
#include "bindings/openssl/x509/name.h"
#include "bindings/openssl/x509/signature.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/public_key_parsed.h"

namespace keystore::openssl {
namespace {

using ExtensionsPtr =
    std::unique_ptr<STACK_OF(X509_EXTENSION), void (*)(STACK_OF(X509_EXTENSION)*)>;

Result<X509NamePtr> subject_of(const RequestSpec& spec);
Result<X509ReqPtr> unsigned_request(const PublicKey& key, const RequestSpec& spec);
Result<void> add_names(X509_REQ* request, const RequestSpec& spec, bool critical);

}  // namespace

Result<Bytes> make_request(const Key& key, const RequestSpec& spec) {
  const OpensslErrorMark mark;
  if (!key.public_key()) {
    return fail(Errc::unsupported,
                fmt::format("{} shows no public key to put into a request", key.uri().canonical()));
  }
  const auto signature = signature_for(key.public_key()->shape());
  if (!signature) return Failure(signature.error());
  const auto request = unsigned_request(*key.public_key(), spec);
  if (!request) return Failure(request.error());
  std::uint8_t* der = nullptr;
  const int size = i2d_re_X509_REQ_tbs(request->get(), &der);
  if (size <= 0) return Failure(error_from_openssl(Errc::internal, "cannot encode the request"));
  const OpensslMemoryPtr<std::uint8_t> owned(der);
  return sign_structure(key, *signature, {der, static_cast<std::size_t>(size)});
}

Result<void> check_holder(const RequestSpec& spec) {
  const auto subject = subject_of(spec);
  if (!subject) return Failure(subject.error());
  return check_names(spec.names);
}

Result<void> check_names(std::span<const std::string> names) {
  const auto parsed = parse_alternative_names(names);
  if (!parsed) return Failure(parsed.error());
  return {};
}

RequestSpec renewal_of(const Certificate& certificate) {
  return {.subject_der = certificate.subject_der(), .names = certificate.names()};
}

std::string request_to_pem(BytesView der) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  char* text = nullptr;
  if (!bio || PEM_write_bio(bio.get(), PEM_STRING_X509_REQ, "", der.data(),
                            static_cast<long>(der.size())) <= 0) {
    throw std::bad_alloc();
  }
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

namespace {

Result<X509NamePtr> subject_of(const RequestSpec& spec) {
  auto name = spec.subject_der.empty() ? parse_name(spec.subject) : read_name(spec.subject_der);
  if (name && X509_NAME_entry_count(name->get()) == 0 && spec.names.empty()) {
    return fail(Errc::invalid_argument, "a request needs a subject or an alternative name");
  }
  return name;
}

Result<X509ReqPtr> unsigned_request(const PublicKey& key, const RequestSpec& spec) {
  const auto name = subject_of(spec);
  if (!name) return Failure(name.error());
  const bool anonymous = X509_NAME_entry_count(name->get()) == 0;
  X509ReqPtr request(X509_REQ_new_ex(private_lib_ctx(), nullptr));
  if (!request || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_subject_name(request.get(), name->get()) != 1 ||
      X509_REQ_set_pubkey(request.get(), pkey_of(key)) != 1) {
    return Failure(error_from_openssl(Errc::internal, "cannot make the request"));
  }
  if (spec.names.empty()) return request;
  // Without a subject the names are all there is (RFC 5280, 4.2.1.6).
  const auto added = add_names(request.get(), spec, anonymous);
  if (!added) return Failure(added.error());
  return request;
}

Result<void> add_names(X509_REQ* request, const RequestSpec& spec, bool critical) {
  const auto names = parse_alternative_names(spec.names);
  if (!names) return Failure(names.error());
  STACK_OF(X509_EXTENSION)* made = nullptr;
  const int added =
      X509V3_add1_i2d(&made, NID_subject_alt_name, names->get(), critical, X509V3_ADD_DEFAULT);
  const ExtensionsPtr extensions(made, [](STACK_OF(X509_EXTENSION) * all) {
    sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
  });
  if (added == 1 && X509_REQ_add_extensions(request, extensions.get()) == 1) return {};
  return Failure(error_from_openssl(Errc::internal, "cannot put the names into the request"));
}

}  // namespace
}  // namespace keystore::openssl
