#include "backends/pfx/mac.h"

#include <openssl/core_names.h>

#include <array>
#include <string_view>

#include "keystore/internal/asn1.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"

namespace keystore::pfx {
namespace {

constexpr std::string_view pbmac1_oid = "1.2.840.113549.1.5.14";
// RFC 9579: the length has to be there, and says at least 20 octets. OpenSSL takes no more than 64.
constexpr std::uint64_t shortest_key = 20;
constexpr std::uint64_t longest_key = EVP_MAX_MD_SIZE;

struct MacData {
  const ASN1_OCTET_STRING* value = nullptr;
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_OCTET_STRING* salt = nullptr;
  const ASN1_INTEGER* iterations = nullptr;
};

MacData mac_data(PKCS12* pfx);
bool is_pbmac1(const X509_ALGOR& algorithm);
Result<bool> pbmac1_fits(const MacData& mac, BytesView der, BytesView password, WorkBudget& budget);
bool has_digest(const X509_ALGOR& algorithm);

}  // namespace

Result<bool> mac_fits(PKCS12* pfx, BytesView der, const PbePassword& password, WorkBudget& budget) {
  const MacData mac = mac_data(pfx);
  if (is_pbmac1(*mac.algorithm)) return pbmac1_fits(mac, der, password.text, budget);
  if (!has_digest(*mac.algorithm)) {
    return Failure(error_from_openssl(Errc::unsupported, "its MAC has a digest not known here"));
  }
  std::uint64_t iterations = 1;
  const bool readable =
      mac.iterations == nullptr || ASN1_INTEGER_get_uint64(&iterations, mac.iterations) == 1;
  if (!readable || !budget.spend(iterations)) {
    return fail(Errc::unsupported, "its MAC asks for too much work");
  }
  const auto* text = password.absent         ? nullptr
                     : password.text.empty() ? ""
                                             : reinterpret_cast<const char*>(password.text.data());
  return PKCS12_verify_mac(pfx, text, static_cast<int>(password.text.size())) == 1;
}

namespace {

MacData mac_data(PKCS12* pfx) {
  MacData mac;
  PKCS12_get0_mac(&mac.value, &mac.algorithm, &mac.salt, &mac.iterations, pfx);
  return mac;
}

std::string oid_of(const X509_ALGOR& algorithm) {
  std::array<char, 128> oid = {};
  OBJ_obj2txt(oid.data(), oid.size(), algorithm.algorithm, 1);
  return oid.data();
}

bool is_pbmac1(const X509_ALGOR& algorithm) { return oid_of(algorithm) == pbmac1_oid; }

bool has_digest(const X509_ALGOR& algorithm) {
  const auto oid = oid_of(algorithm);
  return EvpMdPtr(EVP_MD_fetch(private_lib_ctx(), oid.c_str(), nullptr)) != nullptr;
}

/// What the MAC is over: the octets in the authSafe of PFX { version, authSafe, macData }. OpenSSL
/// shows them to nobody, so it is asked to read them again.
Pkcs7Ptr authenticated(BytesView der) {
  const auto* at = der.data();
  long size = 0;
  int tag = 0;
  int tag_class = 0;
  const int form = ASN1_get_object(&at, &size, &tag, &tag_class, static_cast<long>(der.size()));
  if ((form & 0x80) != 0 || tag != V_ASN1_SEQUENCE) return nullptr;
  const auto* end = der.data() + der.size();
  ASN1_INTEGER_free(d2i_ASN1_INTEGER(nullptr, &at, end - at));
  Pkcs7Ptr content(d2i_PKCS7(nullptr, &at, end - at));
  const bool good =
      content != nullptr && PKCS7_type_is_data(content.get()) && content->d.data != nullptr;
  return good ? std::move(content) : nullptr;
}

/// The length of the key that the parameters of PBMAC1 name; not set where that is missing or
/// wrong.
std::optional<std::size_t> key_size(const PBE2PARAM& parameters) {
  if (OBJ_obj2nid(parameters.keyfunc->algorithm) != NID_id_pbkdf2) return {};
  const auto pbkdf2 =
      unpack_parameters<Pbkdf2ParamPtr>(*parameters.keyfunc, ASN1_ITEM_rptr(PBKDF2PARAM));
  std::uint64_t size = 0;
  if (pbkdf2 == nullptr || pbkdf2->keylength == nullptr ||
      ASN1_INTEGER_get_uint64(&size, pbkdf2->keylength) != 1 || size < shortest_key ||
      size > longest_key) {
    return {};
  }
  return static_cast<std::size_t>(size);
}

Result<bool> pbmac1_fits(const MacData& mac, BytesView der, BytesView password,
                         WorkBudget& budget) {
  // PBMAC1-params has the shape of PBES2-params: a key derivation and what uses the key.
  const auto parameters =
      unpack_parameters<Pbe2ParamPtr>(*mac.algorithm, ASN1_ITEM_rptr(PBE2PARAM));
  const auto size = parameters == nullptr ? std::nullopt : key_size(*parameters);
  if (!size) return fail(Errc::malformed, "the parameters of its MAC (PBMAC1) are not valid");
  int digest = NID_undef;
  if (EVP_PBE_find(EVP_PBE_TYPE_PRF, OBJ_obj2nid(parameters->encryption->algorithm), nullptr,
                   &digest, nullptr) != 1) {
    return fail(Errc::unsupported, "its MAC (PBMAC1) has a scheme not known here");
  }
  const auto content = authenticated(der);
  if (content == nullptr) return fail(Errc::malformed, "it is not a PKCS#12 file");
  Secret key(*size);
  if (auto derived = derive_key(*parameters->keyfunc, password, key, budget); !derived) {
    return Failure(derived.error());
  }
  const auto octets = octets_of(content->d.data);
  Bytes value(EVP_MAX_MD_SIZE);
  std::size_t value_size = 0;
  if (EVP_Q_mac(private_lib_ctx(), "HMAC", nullptr, OBJ_nid2sn(digest), nullptr, key.view().data(),
                key.size(), octets.data(), octets.size(), value.data(), value.size(),
                &value_size) == nullptr) {
    return Failure(error_from_openssl(Errc::unsupported, "its MAC (PBMAC1) cannot be computed"));
  }
  const auto given = octets_of(mac.value);
  return given.size() == value_size && CRYPTO_memcmp(given.data(), value.data(), value_size) == 0;
}

}  // namespace
}  // namespace keystore::pfx
