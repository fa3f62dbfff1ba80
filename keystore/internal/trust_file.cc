#include "keystore/internal/trust_file.h"

#include <fmt/format.h>
#include <openssl/pem.h>

#include <array>

#include "keystore/internal/certificate_parsed.h"
#include "keystore/internal/der.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/internal/pem_parts.h"

namespace keystore {
namespace {

bool is_certificate(std::string_view label);
Result<TrustAnchor> with_settings(BytesView der);
std::vector<std::string> oids_of(const STACK_OF(ASN1_OBJECT) * objects);

}  // namespace

Result<Listing<TrustAnchor>> read_trust_file(
    const std::string& path, BytesView content,
    const std::function<Result<Certificate>(BytesView)>& parse) {
  const OpensslErrorMark mark;
  Listing<TrustAnchor> found;
  const auto add = [&](Result<TrustAnchor> anchor, const std::string& place) {
    if (anchor) {
      found.items.push_back(*std::move(anchor));
    } else {
      found.skipped.push_back(std::move(anchor.error()));
      found.skipped.back().message = place + ": " + found.skipped.back().message;
    }
  };
  const auto plain = [&](BytesView der) -> Result<TrustAnchor> {
    auto certificate = parse(der);
    if (!certificate) return Failure(certificate.error());
    return TrustAnchor{*std::move(certificate)};
  };
  if (!content.empty() && content[0] == der_tag::sequence) {
    add(plain(content), path);
  } else {
    PemParts text(content);
    for (std::size_t number = 1;; ++number) {
      const auto part = text.next();
      const auto place = fmt::format("{}, block {}", path, number);
      if (!part) {
        add(Failure(part.error()), place);
        break;
      }
      if (!*part) break;
      if (!is_certificate((*part)->label)) continue;
      const bool settings = (*part)->label == PEM_STRING_X509_TRUSTED;
      add(settings ? with_settings((*part)->der) : plain((*part)->der), place);
    }
  }
  if (!found.items.empty()) return found;
  if (!found.skipped.empty()) return Failure(found.skipped.front());
  return fail(Errc::malformed, path + " holds no certificate");
}

namespace {

bool is_certificate(std::string_view label) {
  return label == PEM_STRING_X509 || label == PEM_STRING_X509_OLD ||
         label == PEM_STRING_X509_TRUSTED;
}

Result<TrustAnchor> with_settings(BytesView der) {
  const auto* start = der.data();
  const X509Ptr x509(d2i_X509_AUX(nullptr, &start, static_cast<long>(der.size())));
  if (!x509 || start != der.data() + der.size()) {
    return Failure(error_from_openssl(Errc::malformed, "the trusted certificate is malformed"));
  }
  auto certificate = certificate_of(x509.get());
  if (!certificate) return Failure(certificate.error());
  TrustAnchor anchor{*std::move(certificate)};
  int length = 0;
  if (const auto* alias = X509_alias_get0(x509.get(), &length)) {
    anchor.label.assign(reinterpret_cast<const char*>(alias), static_cast<std::size_t>(length));
  }
  if (const auto* trusted = X509_get0_trust_objects(x509.get())) anchor.trusted = oids_of(trusted);
  anchor.rejected = oids_of(X509_get0_reject_objects(x509.get()));
  return anchor;
}

std::vector<std::string> oids_of(const STACK_OF(ASN1_OBJECT) * objects) {
  std::vector<std::string> oids;
  for (int i = 0; i < sk_ASN1_OBJECT_num(objects); ++i) {
    std::array<char, 128> text = {};
    OBJ_obj2txt(text.data(), text.size(), sk_ASN1_OBJECT_value(objects, i), 1);
    oids.emplace_back(text.data());
  }
  return oids;
}

}  // namespace
}  // namespace keystore
