// Rules of public web servers: CA/Browser Forum baseline requirements ("BR", with their sections).
#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "keystore/public_key.h"
#include "keystore/verify/internal/names.h"
#include "keystore/verify/internal/rules.h"

namespace keystore::verify {
namespace {

/// BR 6.1.5 and 6.1.6.
Refusal key_not_allowed(const Member& member) {
  auto* key = member.key();
  if (key == nullptr) return "the key cannot be read";
  const int bits = EVP_PKEY_get_bits(key);
  if (EVP_PKEY_is_a(key, "RSA") != 0) {
    if (bits < 2048) return "an RSA key has less than 2048 bits";
    if (bits % 8 != 0) return "the bits of an RSA key are not a multiple of 8";
    return {};
  }
  if (EVP_PKEY_is_a(key, "EC") == 0) return "the type of a key is not allowed";
  std::array<char, 64> curve = {};
  std::size_t size = 0;
  EVP_PKEY_get_group_name(key, curve.data(), curve.size(), &size);
  const int nid = OBJ_sn2nid(curve.data());
  const bool allowed = nid == NID_X9_62_prime256v1 || nid == NID_secp384r1 || nid == NID_secp521r1;
  return allowed ? Refusal() : "the curve of a key is not allowed";
}

/// BR 7.1.3.2.
Refusal signature_not_allowed(const Member& member) {
  constexpr int allowed[] = {
      NID_sha256WithRSAEncryption, NID_sha384WithRSAEncryption,
      NID_sha512WithRSAEncryption, NID_rsassaPss,
      NID_ecdsa_with_SHA256,       NID_ecdsa_with_SHA384,
      NID_ecdsa_with_SHA512,
  };
  const int nid = X509_get_signature_nid(member.x509());
  if (std::ranges::find(allowed, nid) != std::end(allowed)) return {};
  return "a signature algorithm is not allowed";
}

/// BR 7.1.4.3: a common name repeats an alternative name of its kind, letter by letter.
bool is_alternative_name(const std::string& common_name, const GENERAL_NAMES* names) {
  const bool address = common_name.find_first_not_of("0123456789.") == std::string::npos ||
                       common_name.find(':') != std::string::npos;
  bool any = false;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names, i);
    any = any || name->type == (address ? GEN_IPADD : GEN_DNS);
    if (name->type == GEN_DNS && text_of(name->d.dNSName) == common_name) return true;
    if (name->type != GEN_IPADD) continue;
    const auto octets = text_of(name->d.iPAddress);
    std::array<char, INET6_ADDRSTRLEN> text = {};
    const int family = octets.size() == 4 ? AF_INET : AF_INET6;
    if (inet_ntop(family, octets.data(), text.data(), text.size()) != nullptr &&
        common_name == text.data()) {
      return true;
    }
  }
  return !any;
}

Refusal target_refused(const Member& target, Purpose purpose) {
  const auto* names = alternative_names(target);
  const auto* extension = target.extension(NID_subject_alt_name);
  if (extension == nullptr || names == nullptr)
    return "there is no alternative name (BR 7.1.2.7.12)";
  const bool unnamed = X509_NAME_entry_count(X509_get_subject_name(target.x509())) == 0;
  if (extension->critical && !unnamed) return "alternative names are critical beside a subject";
  for (const auto& common_name : subject_values(target, NID_commonName)) {
    if (purpose == Purpose::server && !is_alternative_name(common_name, names)) {
      return "the common name is no alternative name (BR 7.1.4.3)";
    }
  }
  const auto* uses = target.extension(NID_ext_key_usage);
  if (uses == nullptr) return "there is no extended key usage (BR 7.1.2.7.10)";
  if (uses->critical) return "the extended key usage is critical (BR 7.1.2.7.6)";
  if ((X509_get_extension_flags(target.x509()) & EXFLAG_CA) != 0)
    return "the certificate is a CA's (BR 7.1.2.7.8)";
  return {};
}

Refusal root_refused(const Member& root) {
  if (root.extension(NID_ext_key_usage) != nullptr) {
    return "a root has an extended key usage (BR 7.1.2.1.2)";
  }
  if (X509_get0_authority_issuer(root.x509()) != nullptr ||
      X509_get0_authority_serial(root.x509()) != nullptr) {
    return "the authority key identifier of a root names issuer or serial number (BR 7.1.2.1.3)";
  }
  const auto* authority = X509_get0_authority_key_id(root.x509());
  const auto* own = X509_get0_subject_key_id(root.x509());
  if (authority != nullptr && (own == nullptr || ASN1_OCTET_STRING_cmp(authority, own) != 0)) {
    return "the key identifiers of a root differ (BR 7.1.2.1.3)";
  }
  return {};
}

/// BR 7.1.2.7.7: locations of authority information are URIs.
Refusal information_refused(const Member& member) {
  const auto* access = member.value_of<AUTHORITY_INFO_ACCESS>(NID_info_access);
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access); ++i) {
    const auto* location = sk_ACCESS_DESCRIPTION_value(access, i)->location;
    if (location->type != GEN_URI) return "a location of authority information is no URI";
    const auto uri = text_of(location->d.uniformResourceIdentifier);
    if (!uri_host(uri)) return "a location of authority information is malformed";
  }
  return {};
}

}  // namespace

Refusal webpki_path(const PathQuestion& input) {
  const auto& members = input.path.members;
  for (std::size_t at = 0; at < members.size(); ++at) {
    if (auto refusal = key_not_allowed(*members[at])) return refusal;
    const bool anchor = at + 1 == members.size();
    if (anchor && members.size() > 1) break;
    if (auto refusal = signature_not_allowed(*members[at])) return refusal;
    if (auto refusal = information_refused(*members[at])) return refusal;
  }
  if (members.size() > 1 && input.path.anchor().self_issued()) {
    if (auto refusal = root_refused(input.path.anchor())) return refusal;
  }
  return target_refused(input.path.target(), input.purpose);
}

}  // namespace keystore::verify
