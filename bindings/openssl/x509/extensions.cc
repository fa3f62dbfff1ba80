#include "bindings/openssl/x509/extensions.h"

#include "bindings/openssl/x509/alternative_names.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"

namespace keystore::openssl {
namespace {

using BasicConstraintsPtr = std::unique_ptr<BASIC_CONSTRAINTS, FreeWith<BASIC_CONSTRAINTS_free>>;
using BitStringPtr = std::unique_ptr<ASN1_BIT_STRING, FreeWith<ASN1_BIT_STRING_free>>;
using OctetStringPtr = std::unique_ptr<ASN1_OCTET_STRING, FreeWith<ASN1_OCTET_STRING_free>>;
using ExtendedKeyUsagePtr = std::unique_ptr<EXTENDED_KEY_USAGE, FreeWith<EXTENDED_KEY_USAGE_free>>;
using AuthorityKeyIdPtr = std::unique_ptr<AUTHORITY_KEYID, FreeWith<AUTHORITY_KEYID_free>>;

bool add_basic_constraints(X509* certificate, Purpose purpose);
bool add_key_usage(X509* certificate, const ExtensionSpec& spec);
bool add_extended_key_usage(X509* certificate, Purpose purpose);
bool add_key_ids(X509* certificate, const ExtensionSpec& spec);
Result<void> add_names(X509* certificate, const ExtensionSpec& spec);

bool add(X509* certificate, int nid, void* value, bool critical) {
  return value != nullptr &&
         X509_add1_ext_i2d(certificate, nid, value, critical, X509V3_ADD_DEFAULT) == 1;
}

}  // namespace

Result<void> add_extensions(X509* certificate, const ExtensionSpec& spec) {
  if (!add_basic_constraints(certificate, spec.purpose) || !add_key_usage(certificate, spec) ||
      !add_extended_key_usage(certificate, spec.purpose) || !add_key_ids(certificate, spec)) {
    return Failure(error_from_openssl(Errc::internal, "cannot add the certificate's extensions"));
  }
  return add_names(certificate, spec);
}

std::optional<Bytes> key_id_of(const Certificate& certificate) {
  const OpensslErrorMark mark;
  const auto& der = certificate.der();
  const auto* start = der.data();
  auto* made = X509_new_ex(private_lib_ctx(), nullptr);
  // Frees `made` and clears it on failure.
  d2i_X509(&made, &start, static_cast<long>(der.size()));
  const X509Ptr parsed(made);
  const OctetStringPtr id(static_cast<ASN1_OCTET_STRING*>(
      made == nullptr ? nullptr
                      : X509_get_ext_d2i(made, NID_subject_key_identifier, nullptr, nullptr)));
  if (!id) return std::nullopt;
  const auto* data = ASN1_STRING_get0_data(id.get());
  return Bytes(data, data + ASN1_STRING_length(id.get()));
}

namespace {

bool add_basic_constraints(X509* certificate, Purpose purpose) {
  const BasicConstraintsPtr constraints(BASIC_CONSTRAINTS_new());
  if (constraints && purpose == Purpose::ca) constraints->ca = 0xff;
  return add(certificate, NID_basic_constraints, constraints.get(), true);
}

bool add_key_usage(X509* certificate, const ExtensionSpec& spec) {
  // Bit numbers of RFC 5280, 4.2.1.3.
  constexpr int digital_signature = 0;
  constexpr int key_encipherment = 2;
  constexpr int key_cert_sign = 5;
  constexpr int crl_sign = 6;
  const BitStringPtr bits(ASN1_BIT_STRING_new());
  const auto set = [&bits](int bit) { ASN1_BIT_STRING_set_bit(bits.get(), bit, 1); };
  if (!bits) return false;
  if (spec.purpose == Purpose::ca) {
    set(key_cert_sign);
    set(crl_sign);
  } else {
    set(digital_signature);
    const auto& shape = spec.key.shape();
    // For the static RSA key exchange of TLS 1.2.
    const bool decrypts = shape.type == KeyType::rsa && !shape.rsa_pss_only;
    if (spec.purpose == Purpose::server && decrypts) set(key_encipherment);
  }
  return add(certificate, NID_key_usage, bits.get(), true);
}

bool add_extended_key_usage(X509* certificate, Purpose purpose) {
  if (purpose == Purpose::ca) return true;
  const ExtendedKeyUsagePtr usage(sk_ASN1_OBJECT_new_null());
  const int nid = purpose == Purpose::server ? NID_server_auth : NID_client_auth;
  return usage && sk_ASN1_OBJECT_push(usage.get(), OBJ_nid2obj(nid)) > 0 &&
         add(certificate, NID_ext_key_usage, usage.get(), false);
}

OctetStringPtr octet_string(BytesView octets) {
  OctetStringPtr made(ASN1_OCTET_STRING_new());
  if (made && ASN1_OCTET_STRING_set(made.get(), octets.data(), static_cast<int>(octets.size()))) {
    return made;
  }
  return nullptr;
}

bool add_key_ids(X509* certificate, const ExtensionSpec& spec) {
  const auto own = octet_string(spec.key.key_identifier());
  const AuthorityKeyIdPtr authority(AUTHORITY_KEYID_new());
  if (!authority) return false;
  authority->keyid = octet_string(spec.issuer_key_id).release();
  return authority->keyid != nullptr &&
         add(certificate, NID_subject_key_identifier, own.get(), false) &&
         add(certificate, NID_authority_key_identifier, authority.get(), false);
}

Result<void> add_names(X509* certificate, const ExtensionSpec& spec) {
  if (spec.names.empty()) return {};
  const auto names = parse_alternative_names(spec.names);
  if (!names) return Failure(names.error());
  if (add(certificate, NID_subject_alt_name, names->get(), spec.anonymous)) return {};
  return Failure(error_from_openssl(Errc::internal, "cannot add the alternative names"));
}

}  // namespace
}  // namespace keystore::openssl
