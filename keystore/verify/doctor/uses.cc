#include "keystore/verify/doctor/uses.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "keystore/verify/doctor/report.h"

namespace keystore::verify::doctor {
namespace {

/// How OpenSSL and we call a use.
struct UseRow {
  Purpose use;
  int nid;
  std::uint32_t key_usage;  ///< any of these bits
};

constexpr UseRow uses[] = {
    {Purpose::server, NID_server_auth, KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT},
    {Purpose::client, NID_client_auth, KU_DIGITAL_SIGNATURE},
    {Purpose::email, NID_email_protect,
     KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION | KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT},
    {Purpose::code, NID_code_sign, KU_DIGITAL_SIGNATURE},
    {Purpose::time_stamping, NID_time_stamp, KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION},
    {Purpose::ocsp, NID_OCSP_sign, KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION},
};

std::string words(std::uint32_t key_usage) {
  std::vector<std::string_view> bits;
  if ((key_usage & KU_DIGITAL_SIGNATURE) != 0) bits.emplace_back("digitalSignature");
  if ((key_usage & KU_NON_REPUDIATION) != 0) bits.emplace_back("nonRepudiation");
  if ((key_usage & KU_KEY_ENCIPHERMENT) != 0) bits.emplace_back("keyEncipherment");
  if ((key_usage & KU_KEY_AGREEMENT) != 0) bits.emplace_back("keyAgreement");
  return fmt::format("{}", fmt::join(bits, " or "));
}

const UseRow* use_row(Purpose use) {
  for (const auto& row : uses) {
    if (row.use == use) return &row;
  }
  return nullptr;
}

}  // namespace

std::optional<Purpose> use_of(const Leaf& leaf, const VerifyOptions& options) {
  if (options.purpose) {
    return *options.purpose == Purpose::any ? std::optional<Purpose>() : *options.purpose;
  }
  if (!options.host.empty() || !options.ip.empty()) return Purpose::server;
  if (!options.email.empty()) return Purpose::email;
  if (leaf.member->extension(NID_ext_key_usage) != nullptr) {
    for (const auto use : {Purpose::server, Purpose::client}) {
      if (lists_use(*leaf.member, use)) return use;
    }
  }
  return names_a_host(leaf.certificate) ? std::optional(Purpose::server) : std::nullopt;
}

void judge_uses(const Leaf& leaf, const VerifyOptions& options, TargetReport& report) {
  const auto use = use_of(leaf, options);
  const auto* row = use ? use_row(*use) : nullptr;
  if (row == nullptr) return;
  const auto subject = leaf.certificate.subject();
  if (!lists_use(*leaf.member, *use)) {
    add(report, Code::cert_purpose,
        fmt::format("the extended key usage of '{}' does not list {}", subject,
                    OBJ_nid2ln(row->nid)),
        {fmt::format("{} with the extended key usage {}", have_issued_anew, OBJ_nid2sn(row->nid))});
  }
  auto* x509 = leaf.member->x509();
  auto needed = row->key_usage;
  const bool rsa = EVP_PKEY_is_a(leaf.member->key(), "RSA") != 0;
  if (*use == Purpose::server && !rsa) needed = KU_DIGITAL_SIGNATURE;
  const auto allowed = X509_get_key_usage(x509);
  if ((allowed & needed) == 0) {
    add(report, Code::cert_key_usage,
        fmt::format("the key usage of '{}' does not allow {}", subject, words(needed)),
        {fmt::format("{} with the key usage {}", have_issued_anew, words(needed))});
  } else if (*use == Purpose::server && (allowed & KU_DIGITAL_SIGNATURE) == 0) {
    add(report, Code::cert_key_usage,
        fmt::format("the key usage of '{}' does not allow digitalSignature, which TLS 1.3 needs",
                    subject),
        {fmt::format("{} with the key usage digitalSignature", have_issued_anew)},
        Severity::warning);
  }
}

bool lists_use(const Member& member, Purpose use) {
  using UsesPtr = std::unique_ptr<EXTENDED_KEY_USAGE, FreeWith<EXTENDED_KEY_USAGE_free>>;
  if (member.extension(NID_ext_key_usage) == nullptr) return true;
  const auto* row = use_row(use);
  const UsesPtr listed(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(member.x509(), NID_ext_key_usage, nullptr, nullptr)));
  for (int i = 0; i < sk_ASN1_OBJECT_num(listed.get()); ++i) {
    const int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(listed.get(), i));
    if (nid == NID_anyExtendedKeyUsage || (row != nullptr && nid == row->nid)) return true;
  }
  return false;
}

bool names_a_host(const Certificate& certificate) {
  for (const auto& name : certificate.names()) {
    if (name.starts_with("dns:") || name.starts_with("ip:")) return true;
  }
  return false;
}

}  // namespace keystore::verify::doctor
