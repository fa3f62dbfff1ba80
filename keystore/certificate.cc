#include "keystore/certificate.h"

#include <arpa/inet.h>

#include <array>
#include <ctime>

#include "keystore/internal/certificate_parsed.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/pem_block.h"

namespace keystore {

namespace {

constexpr std::string_view certificate_label = "CERTIFICATE";

std::string name_text(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  // UTF-8 as it is, instead of escaped octets.
  constexpr unsigned long form =
      XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  if (bio == nullptr || X509_NAME_print_ex(bio.get(), name, 0, form) < 0) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Bytes name_der(const X509_NAME* name) {
  const unsigned char* der = nullptr;
  std::size_t size = 0;
  if (X509_NAME_get0_der(name, &der, &size) != 1) return {};
  return {der, der + size};
}

std::string serial_text(const ASN1_INTEGER* serial) {
  const auto* data = ASN1_STRING_get0_data(serial);
  const auto size = static_cast<std::size_t>(ASN1_STRING_length(serial));
  const auto text = to_hex({data, size});
  return ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER ? "-" + text : text;
}

std::optional<std::chrono::sys_seconds> time_of(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&parts)));
}

/// An IA5String as text: anything but printable ASCII is escaped, so that no name can pass for
/// another one.
std::string ia5_text(const ASN1_STRING* string) {
  std::string text;
  const BytesView octets(ASN1_STRING_get0_data(string),
                         static_cast<std::size_t>(ASN1_STRING_length(string)));
  for (const auto octet : octets) {
    const bool printable = octet > 0x20 && octet < 0x7F && octet != '\\';
    text += printable ? std::string(1, static_cast<char>(octet)) : "\\x" + to_hex({&octet, 1});
  }
  return text;
}

std::string ip_text(const ASN1_OCTET_STRING* address) {
  const auto* data = ASN1_STRING_get0_data(address);
  const auto size = static_cast<std::size_t>(ASN1_STRING_length(address));
  std::array<char, INET6_ADDRSTRLEN> text = {};
  const int family = size == 4 ? AF_INET : AF_INET6;
  const bool sized = size == 4 || size == 16;
  if (!sized || inet_ntop(family, data, text.data(), text.size()) == nullptr) {
    return "\\x" + to_hex({data, size});
  }
  return text.data();
}

std::string general_name_text(const GENERAL_NAME* name) {
  switch (name->type) {
    case GEN_DNS:
      return "dns:" + ia5_text(name->d.dNSName);
    case GEN_EMAIL:
      return "email:" + ia5_text(name->d.rfc822Name);
    case GEN_URI:
      return "uri:" + ia5_text(name->d.uniformResourceIdentifier);
    case GEN_IPADD:
      return "ip:" + ip_text(name->d.iPAddress);
    default:
      return {};
  }
}

std::vector<std::string> alternative_names(const X509* x509) {
  const GeneralNamesPtr general(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> names;
  for (int i = 0; i < sk_GENERAL_NAME_num(general.get()); ++i) {
    auto text = general_name_text(sk_GENERAL_NAME_value(general.get(), i));
    if (!text.empty()) names.push_back(std::move(text));
  }
  return names;
}

bool says_ca(const X509* x509) {
  using BasicConstraintsPtr = std::unique_ptr<BASIC_CONSTRAINTS, FreeWith<BASIC_CONSTRAINTS_free>>;
  const BasicConstraintsPtr constraints(static_cast<BASIC_CONSTRAINTS*>(
      X509_get_ext_d2i(x509, NID_basic_constraints, nullptr, nullptr)));
  return constraints != nullptr && constraints->ca != 0;
}

/// The start of `der`; what was read ends at `end`.
X509Ptr decode(BytesView der, const std::uint8_t*& end) {
  auto* made = X509_new_ex(private_lib_ctx(), nullptr);
  end = der.data();
  // Frees `made` and clears it on failure.
  d2i_X509(&made, &end, static_cast<long>(der.size()));
  return X509Ptr(made);
}

Result<PublicKey> public_key_in(const X509* x509) {
  std::uint8_t* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
  if (size <= 0) {
    return Failure(error_from_openssl(Errc::malformed, "the certificate holds no public key"));
  }
  const OpensslMemoryPtr<std::uint8_t> owned(der);
  return PublicKey::parse({der, static_cast<std::size_t>(size)});
}

/// A part of a certificate, made by the first who asks. The X509 is only read: no lock of it may be
/// taken, as a forked child reads that of its parent.
template <class T, class Make>
const T& made_of(const Certificate::Parsed& parsed, Lazy<T> Certificate::Parsed::*part,
                 const Make& make) {
  return (parsed.*part).get([&] {
    const OpensslErrorMark mark;
    return make(parsed.x509.get());
  });
}

}  // namespace

Result<Certificate> Certificate::parse(BytesView der) {
  const OpensslErrorMark mark;
  const std::uint8_t* end = nullptr;
  auto x509 = decode(der, end);
  if (!x509) return Failure(error_from_openssl(Errc::malformed, "the certificate is malformed"));
  if (end != der.data() + der.size()) {
    return fail(Errc::malformed, "the certificate is followed by other octets");
  }
  const auto not_before = time_of(X509_get0_notBefore(x509.get()));
  const auto not_after = time_of(X509_get0_notAfter(x509.get()));
  if (!not_before || !not_after) {
    return fail(Errc::malformed, "the certificate's period of validity is malformed");
  }
  auto parsed = std::make_shared<Parsed>();
  parsed->der.assign(der.begin(), der.end());
  parsed->not_before = *not_before;
  parsed->not_after = *not_after;
  parsed->ctx = private_lib_ctx();
  parsed->x509 = std::move(x509);
  return Certificate(std::move(parsed));
}

Result<Certificate> Certificate::parse_pem(std::string_view pem) {
  const auto block = find_pem_block(pem, {&certificate_label, 1});
  if (!block) return Failure(block.error());
  return parse(block->der);
}

const Bytes& Certificate::der() const noexcept { return parsed_->der; }

std::string Certificate::to_pem() const { return keystore::to_pem(certificate_label, der()); }

const std::string& Certificate::subject() const noexcept {
  return made_of(*parsed_, &Parsed::subject,
                 [](const X509* x509) { return name_text(X509_get_subject_name(x509)); });
}

const std::string& Certificate::issuer() const noexcept {
  return made_of(*parsed_, &Parsed::issuer,
                 [](const X509* x509) { return name_text(X509_get_issuer_name(x509)); });
}

const Bytes& Certificate::subject_der() const noexcept {
  return made_of(*parsed_, &Parsed::subject_der,
                 [](const X509* x509) { return name_der(X509_get_subject_name(x509)); });
}

const Bytes& Certificate::issuer_der() const noexcept {
  return made_of(*parsed_, &Parsed::issuer_der,
                 [](const X509* x509) { return name_der(X509_get_issuer_name(x509)); });
}

const std::string& Certificate::serial() const noexcept {
  return made_of(*parsed_, &Parsed::serial,
                 [](const X509* x509) { return serial_text(X509_get0_serialNumber(x509)); });
}

std::chrono::sys_seconds Certificate::not_before() const noexcept { return parsed_->not_before; }

std::chrono::sys_seconds Certificate::not_after() const noexcept { return parsed_->not_after; }

const std::vector<std::string>& Certificate::names() const noexcept {
  return made_of(*parsed_, &Parsed::names, alternative_names);
}

Result<PublicKey> Certificate::public_key() const {
  return made_of(*parsed_, &Parsed::public_key, public_key_in);
}

Bytes Certificate::sha256() const { return hash(Digest::sha256, parsed_->der); }

bool Certificate::self_issued() const noexcept { return subject_der() == issuer_der(); }

bool Certificate::is_ca() const noexcept { return made_of(*parsed_, &Parsed::is_ca, says_ca); }

bool operator==(const Certificate& a, const Certificate& b) noexcept {
  return a.parsed_ == b.parsed_ || a.parsed_->der == b.parsed_->der;
}

X509Ptr x509_of(const Certificate& certificate) {
  const auto& parsed = certificate.parsed();
  if (parsed.ctx == private_lib_ctx()) {
    X509_up_ref(parsed.x509.get());
    return X509Ptr(parsed.x509.get());
  }
  const OpensslErrorMark mark;
  const std::uint8_t* end = nullptr;
  return decode(parsed.der, end);
}

Result<Certificate> certificate_of(const X509* x509) {
  std::uint8_t* der = nullptr;
  const int size = i2d_X509(x509, &der);
  const OpensslMemoryPtr<std::uint8_t> owned(der);
  if (size <= 0) {
    return Failure(error_from_openssl(Errc::malformed, "the certificate cannot be encoded"));
  }
  return Certificate::parse({der, static_cast<std::size_t>(size)});
}

}  // namespace keystore
