// Rules about the fields of one certificate.
#include <algorithm>

#include "keystore/verify/internal/der_check.h"
#include "keystore/verify/internal/names.h"
#include "keystore/verify/internal/rules.h"

namespace keystore::verify {
namespace {

/// Upper bounds in characters (RFC 5280, appendix A.1).
struct Bound {
  int nid;
  std::size_t most;
};

constexpr Bound bounds[] = {
    {NID_commonName, 64},
    {NID_organizationName, 64},
    {NID_organizationalUnitName, 64},
    {NID_localityName, 128},
    {NID_stateOrProvinceName, 128},
    {NID_countryName, 2},
    {NID_serialNumber, 64},
    {NID_title, 64},
};

std::size_t characters(std::string_view utf8) {
  std::size_t count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

Refusal bounds_exceeded(const X509_NAME* name) {
  for (int at = 0; at < X509_NAME_entry_count(name); ++at) {
    const auto* entry = X509_NAME_get_entry(name, at);
    const auto* value = X509_NAME_ENTRY_get_data(entry);
    const auto bound =
        std::ranges::find(bounds, OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)), &Bound::nid);
    // No encoding takes less than an octet for a character.
    if (bound == std::end(bounds) || text_of(value).size() <= bound->most) continue;
    const auto utf8 = utf8_of(value);
    if (utf8 && characters(*utf8) > bound->most) {
      return std::string("the ") + OBJ_nid2ln(bound->nid) + " is longer than " +
             std::to_string(bound->most) + " characters";
    }
  }
  return {};
}

BytesView der_of(const X509_NAME* name) {
  const unsigned char* der = nullptr;
  std::size_t size = 0;
  if (X509_NAME_get0_der(name, &der, &size) != 1) return {};
  return {der, size};
}

/// OpenSSL's security bits of keys of 1024 bits (RSA) and 160 bits (EC).
constexpr int least_security_bits = 80;

}  // namespace

bool is_weak_hash(int digest, std::chrono::sys_seconds at) {
  const bool broken = digest == NID_md2 || digest == NID_md4 || digest == NID_md5;
  return broken || (digest == NID_sha1 && at >= end_of_sha1);
}

Refusal weak_cryptography(const PathQuestion& input) {
  const auto& members = input.path.members;
  for (std::size_t at = 0; at < members.size(); ++at) {
    auto* key = members[at]->key();
    if (key == nullptr) return "the key of '" + members[at]->subject() + "' cannot be read";
    if (EVP_PKEY_get_security_bits(key) < least_security_bits) {
      return "the key of '" + members[at]->subject() + "' is too weak";
    }
    if (at + 1 == members.size()) break;  // nothing rests on an anchor's signature
    int digest = NID_undef;
    X509_get_signature_info(members[at]->x509(), &digest, nullptr, nullptr, nullptr);
    if (is_weak_hash(digest, input.at)) {
      return "the signature of '" + members[at]->subject() + "' is made with a weak hash";
    }
  }
  return {};
}

Refusal version_and_serial(const RuleSubject& subject) {
  const auto* x509 = subject.member.x509();
  constexpr long version_3 = 2;
  const auto version = X509_get_version(x509);
  if (version < 0 || version > version_3) return "there is no such version";
  if (version < version_3 && !subject.member.extensions().empty()) {
    return "only version 3 has extensions";
  }
  const auto* serial = X509_get0_serialNumber(x509);
  const auto octets = text_of(serial);
  if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER) return "the serial number is negative";
  if (octets.find_first_not_of('\0') == std::string_view::npos) return "the serial number is zero";
  if (octets.size() > 20) return "the serial number has more than 20 octets";
  return {};
}

Refusal subject_name_encoding(const RuleSubject& subject) {
  const auto* x509 = subject.member.x509();
  const auto issuer = der_of(X509_get_issuer_name(x509));
  const auto name = der_of(X509_get_subject_name(x509));
  if (X509_NAME_entry_count(X509_get_issuer_name(x509)) == 0) return "the issuer's name is empty";
  if (!sets_are_sorted(name) || !sets_are_sorted(issuer)) return "a set in a name is not in order";
  return bounds_exceeded(X509_get_subject_name(x509));
}

Refusal alternative_name_syntax(const RuleSubject& subject) {
  const auto* names = alternative_names(subject.member);
  const auto* extension = subject.member.extension(NID_subject_alt_name);
  const bool unnamed = X509_NAME_entry_count(X509_get_subject_name(subject.member.x509())) == 0;
  if (extension == nullptr) {
    if (unnamed) return "there is neither a subject nor an alternative name";
    return {};
  }
  if (sk_GENERAL_NAME_num(names) <= 0) return "the list is empty";
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS && !is_dns_name(text_of(name->d.dNSName), true)) {
      return "a DNS name is malformed";
    }
    if (name->type == GEN_EMAIL && !is_mailbox(text_of(name->d.rfc822Name))) {
      return "a mailbox is malformed";
    }
    if (name->type == GEN_URI) {
      const auto uri = text_of(name->d.uniformResourceIdentifier);
      const auto colon = uri.find(':');
      if (colon == std::string_view::npos || colon == 0) return "a URI is not absolute";
      if (uri.substr(colon + 1).starts_with("//") && !uri_host(uri)) return "a URI is malformed";
    }
    const auto address = name->type == GEN_IPADD ? text_of(name->d.iPAddress).size() : 4;
    if (address != 4 && address != 16) return "an IP address has neither 4 nor 16 octets";
  }
  return {};
}

}  // namespace keystore::verify
