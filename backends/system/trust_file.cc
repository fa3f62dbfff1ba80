#include "backends/system/trust_file.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>

#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::system {
namespace {

struct PemPart {
  std::string label = {};
  Bytes der = {};
};

/// The next block; empty at the end of the text. Errors: malformed, and the rest is not readable.
Result<std::optional<PemPart>> next_part(BIO* text);
bool is_certificate(std::string_view label);
Result<TrustAnchor> plain(BytesView der);
Result<TrustAnchor> with_settings(BytesView der);
std::vector<std::string> oids_of(const STACK_OF(ASN1_OBJECT) * objects);

}  // namespace

Result<Listing<TrustAnchor>> read_trust_file(const std::string& path, BytesView content) {
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
  constexpr std::uint8_t sequence = 0x30;
  if (!content.empty() && content[0] == sequence) {
    add(plain(content), path);
  } else {
    const BioPtr text(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
    for (std::size_t number = 1;; ++number) {
      const auto part = next_part(text.get());
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

Result<std::optional<PemPart>> next_part(BIO* text) {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  const int read = PEM_read_bio(text, &name, &header, &data, &size);
  const OpensslMemoryPtr<char> own_name(name);
  const OpensslMemoryPtr<char> own_header(header);
  const OpensslMemoryPtr<unsigned char> own_data(data);
  if (read == 1) return PemPart{name, Bytes(data, data + size)};
  if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) return std::nullopt;
  return Failure(error_from_openssl(Errc::malformed, "the PEM block is malformed"));
}

bool is_certificate(std::string_view label) {
  return label == PEM_STRING_X509 || label == PEM_STRING_X509_OLD ||
         label == PEM_STRING_X509_TRUSTED;
}

Result<TrustAnchor> plain(BytesView der) {
  auto certificate = Certificate::parse(der);
  if (!certificate) return Failure(certificate.error());
  return TrustAnchor{*std::move(certificate)};
}

Result<TrustAnchor> with_settings(BytesView der) {
  const auto* start = der.data();
  const X509Ptr x509(d2i_X509_AUX(nullptr, &start, static_cast<long>(der.size())));
  if (!x509 || start != der.data() + der.size()) {
    return Failure(error_from_openssl(Errc::malformed, "the trusted certificate is malformed"));
  }
  std::uint8_t* encoded = nullptr;
  const int size = i2d_X509(x509.get(), &encoded);
  const OpensslMemoryPtr<std::uint8_t> owned(encoded);
  if (size <= 0) return Failure(error_from_openssl(Errc::malformed, "it cannot be encoded again"));
  auto anchor = plain({encoded, static_cast<std::size_t>(size)});
  if (!anchor) return anchor;
  int length = 0;
  if (const auto* alias = X509_alias_get0(x509.get(), &length)) {
    anchor->label.assign(reinterpret_cast<const char*>(alias), static_cast<std::size_t>(length));
  }
  if (const auto* trusted = X509_get0_trust_objects(x509.get())) anchor->trusted = oids_of(trusted);
  anchor->rejected = oids_of(X509_get0_reject_objects(x509.get()));
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
}  // namespace keystore::system
