#include "backends/pem/form.h"

#include <array>

#include "backends/pem/der.h"
#include "keystore/reference.h"

namespace keystore::pem {
namespace {

constexpr std::string_view pkcs12_label = "PKCS#12 file";
constexpr std::string_view pkcs7_label = "PKCS7";

struct FormRow {
  std::string_view label;
  Form form;
};

constexpr std::array rows{
    FormRow{"PRIVATE KEY", Form::pkcs8},
    FormRow{"ENCRYPTED PRIVATE KEY", Form::encrypted_pkcs8},
    FormRow{"RSA PRIVATE KEY", Form::rsa_key},
    FormRow{"EC PRIVATE KEY", Form::ec_key},
    FormRow{"DSA PRIVATE KEY", Form::dsa_key},
    FormRow{Reference::pem_label, Form::reference},
    FormRow{Reference::pkcs11_provider_pem_label, Form::reference},
    FormRow{"CERTIFICATE", Form::certificate},
    FormRow{"X509 CERTIFICATE", Form::certificate},
    FormRow{"TRUSTED CERTIFICATE", Form::trusted_certificate},
    FormRow{pkcs7_label, Form::pkcs7},
    FormRow{"PKCS #7 SIGNED DATA", Form::pkcs7},
    FormRow{"CMS", Form::pkcs7},
    FormRow{pkcs12_label, Form::pkcs12},
    FormRow{"PUBLIC KEY", Form::public_key},
    FormRow{"EC PARAMETERS", Form::ignored},
    FormRow{"DH PARAMETERS", Form::ignored},
    FormRow{"X9.42 DH PARAMETERS", Form::ignored},
    FormRow{"DSA PARAMETERS", Form::ignored},
    FormRow{"CERTIFICATE REQUEST", Form::ignored},
    FormRow{"NEW CERTIFICATE REQUEST", Form::ignored},
    FormRow{"X509 CRL", Form::ignored},
    FormRow{"SSL SESSION PARAMETERS", Form::ignored},
};

/// Files of others that are known by their first octets; the name is what a message calls them.
struct ForeignFile {
  std::string_view start;
  std::string_view name;
};

constexpr std::array foreign_files{
    ForeignFile{"PuTTY-User-Key-File-", "PuTTY PRIVATE KEY"},
    ForeignFile{"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY", "SSH2 ENCRYPTED PRIVATE KEY"},
    ForeignFile{"\xfe\xed\xfe\xed", "Java KeyStore"},
    ForeignFile{"\xce\xce\xce\xce", "Java JCEKS KeyStore"},
};

struct WayOut {
  std::string_view label;
  std::string_view hint;
};

constexpr std::array ways_out{
    WayOut{"OPENSSH PRIVATE KEY",
           "'ssh-keygen -p -m PKCS8 -f FILE' turns a copy of it into PKCS#8"},
};

std::string_view label_of_container(BytesView content);
std::string_view label_of_der(BytesView der);

}  // namespace

Form form_of(const Block& block) {
  for (const auto& row : rows) {
    if (row.label == block.label) return row.form;
  }
  return Form::foreign;
}

std::string_view name_of(Form form) noexcept {
  switch (form) {
    case Form::pkcs8:
      return "PKCS#8";
    case Form::encrypted_pkcs8:
      return "PKCS#8, encrypted";
    case Form::rsa_key:
      return "traditional RSA";
    case Form::ec_key:
      return "traditional EC";
    case Form::dsa_key:
      return "traditional DSA";
    case Form::reference:
      return "key reference";
    case Form::certificate:
      return "X.509";
    case Form::trusted_certificate:
      return "X.509 with trust settings";
    case Form::pkcs7:
      return "X.509 in PKCS#7";
    case Form::public_key:
      return "SubjectPublicKeyInfo";
    case Form::pkcs12:
    case Form::ignored:
    case Form::foreign:
      break;
  }
  return "unknown";
}

std::string_view way_out_of(const Block& block) noexcept {
  for (const auto& way : ways_out) {
    if (way.label == block.label) return way.hint;
  }
  return {};
}

bool holds_private_key(const Block& block) {
  switch (form_of(block)) {
    case Form::pkcs8:
    case Form::encrypted_pkcs8:
    case Form::rsa_key:
    case Form::ec_key:
    case Form::dsa_key:
    case Form::reference:
      return true;
    case Form::certificate:
    case Form::trusted_certificate:
    case Form::pkcs7:
    case Form::pkcs12:
    case Form::public_key:
    case Form::ignored:
      return false;
    case Form::foreign:
      break;
  }
  return block.der || block.label.find("PRIVATE KEY") != std::string::npos;
}

bool is_encrypted(const Block& block) {
  return block.encryption || form_of(block) == Form::encrypted_pkcs8;
}

Block whole_file_block(BytesView content) {
  Block block{.end = content.size(), .body_end = content.size(), .der = true};
  block.label = label_of_container(content);
  if (block.label.empty()) block.label = label_of_der(content);
  for (const auto& foreign : foreign_files) {
    if (as_text(content).starts_with(foreign.start)) block.label = foreign.name;
  }
  if (block.label.empty()) {
    block.fault = Error{Errc::malformed, "neither PEM nor DER of a key or certificate"};
  }
  return block;
}

namespace {

/// Files of several objects are often BER, of indefinite length: known by how they start.
std::string_view label_of_container(BytesView content) {
  constexpr std::array<std::uint8_t, 4> pfx_version{der_tag::integer, 1, 3, der_tag::sequence};
  constexpr std::array<std::uint8_t, 11> signed_data{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                                     0xf7, 0x0d, 0x01, 0x07, 0x02};
  if (content.size() < 2 || content[0] != der_tag::sequence) return {};
  const std::size_t head = content[1] > 0x80 ? 2U + (content[1] & 0x7fU) : 2U;
  if (content.size() < head) return {};
  const auto inside = as_text(content.subspan(head));
  if (inside.starts_with(as_text(pfx_version))) return pkcs12_label;
  return inside.starts_with(as_text(signed_data)) ? pkcs7_label : "";
}

/// Tags of the outermost SEQUENCE's elements, which differ for every kind.
std::string_view label_of_der(BytesView der) {
  const auto parts = der_sequence_elements(der);
  if (!parts || parts->size() < 2) return {};
  const auto tag = [&](std::size_t i) { return i < parts->size() ? (*parts)[i].tag : 0; };
  if (tag(0) == der_tag::sequence) {
    if (tag(1) == der_tag::octet_string) return "ENCRYPTED PRIVATE KEY";
    if (tag(1) == der_tag::bit_string) return "PUBLIC KEY";
    return tag(1) == der_tag::sequence && tag(2) == der_tag::bit_string ? "CERTIFICATE" : "";
  }
  if (tag(0) != der_tag::integer) return {};
  if (tag(1) == der_tag::octet_string) return "EC PRIVATE KEY";
  if (tag(1) == der_tag::sequence && tag(2) == der_tag::octet_string) return "PRIVATE KEY";
  if (parts->size() == 9) return "RSA PRIVATE KEY";
  return parts->size() == 6 ? "DSA PRIVATE KEY" : "";
}

}  // namespace
}  // namespace keystore::pem
