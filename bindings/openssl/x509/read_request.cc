#include "bindings/openssl/x509/read_request.h"

#include <arpa/inet.h>
#include <openssl/pem.h>

#include <array>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::openssl {
namespace {

X509ReqPtr parse(BytesView request);
Result<PublicKey> key_of(const X509_REQ* request);
Result<std::vector<std::string>> names_of(X509_REQ* request);

}  // namespace

Result<RequestContent> read_request(BytesView request) {
  const OpensslErrorMark mark;
  const auto parsed = parse(request);
  if (!parsed) return Failure(error_from_openssl(Errc::malformed, "this is no PKCS#10 request"));
  auto key = key_of(parsed.get());
  if (!key) return Failure(key.error());
  if (X509_REQ_verify_ex(parsed.get(), X509_REQ_get0_pubkey(parsed.get()), private_lib_ctx(),
                         nullptr) != 1) {
    return Failure(error_from_openssl(Errc::malformed,
                                      "the request is not signed by the key that it is made for"));
  }
  const unsigned char* name = nullptr;
  std::size_t size = 0;
  X509_NAME_get0_der(X509_REQ_get_subject_name(parsed.get()), &name, &size);
  auto names = names_of(parsed.get());
  if (!names) return Failure(names.error());
  return RequestContent{*std::move(key), {name, name + size}, *std::move(names)};
}

namespace {

X509ReqPtr parse(BytesView request) {
  X509ReqPtr made(X509_REQ_new_ex(private_lib_ctx(), nullptr));
  auto* target = made.get();
  const BioPtr bio(BIO_new_mem_buf(request.data(), static_cast<int>(request.size())));
  const bool is_pem = as_text(request).find("-----BEGIN ") != std::string_view::npos;
  const auto* read = is_pem ? PEM_read_bio_X509_REQ(bio.get(), &target, nullptr, nullptr)
                            : d2i_X509_REQ_bio(bio.get(), &target);
  if (read != nullptr) return made;
  // On failure OpenSSL has freed what it was given.
  if (target == nullptr) (void)made.release();
  return nullptr;
}

Result<PublicKey> key_of(const X509_REQ* request) {
  std::uint8_t* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(const_cast<X509_REQ*>(request)), &der);
  if (size <= 0) return fail(Errc::malformed, "the request holds no public key");
  const OpensslMemoryPtr<std::uint8_t> owned(der);
  return PublicKey::parse({der, static_cast<std::size_t>(size)});
}

std::string text_of(const ASN1_STRING* value) {
  return std::string(
      as_text({ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value))}));
}

Result<std::string> name_of(const GENERAL_NAME* name) {
  std::array<char, INET6_ADDRSTRLEN> text = {};
  switch (name->type) {
    case GEN_DNS:
      return "dns:" + text_of(name->d.dNSName);
    case GEN_EMAIL:
      return "email:" + text_of(name->d.rfc822Name);
    case GEN_URI:
      return "uri:" + text_of(name->d.uniformResourceIdentifier);
    case GEN_IPADD: {
      const int size = ASN1_STRING_length(name->d.iPAddress);
      const auto* data = ASN1_STRING_get0_data(name->d.iPAddress);
      const int family = size == 4 ? AF_INET : AF_INET6;
      if ((size == 4 || size == 16) && inet_ntop(family, data, text.data(), text.size())) {
        return "ip:" + std::string(text.data());
      }
      break;
    }
    default:
      break;
  }
  return fail(Errc::malformed, "the request asks for an alternative name of a kind not known here",
              "give the names with --san");
}

Result<std::vector<std::string>> names_of(X509_REQ* request) {
  auto* extensions = X509_REQ_get_extensions(request);
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr)));
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  std::vector<std::string> texts;
  for (int at = 0; at < sk_GENERAL_NAME_num(names.get()); ++at) {
    auto text = name_of(sk_GENERAL_NAME_value(names.get(), at));
    if (!text) return Failure(text.error());
    texts.push_back(*std::move(text));
  }
  return texts;
}

}  // namespace
}  // namespace keystore::openssl
