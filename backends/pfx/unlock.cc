#include "backends/pfx/unlock.h"

#include <algorithm>

#include "backends/pfx/mac.h"
#include "keystore/internal/asn1.h"

namespace keystore::pfx {
namespace {

bool is_ascii(const Secret& text);
Secret every_octet_a_character(const Secret& text);
Secret as_latin1(const Secret& text);
Secret as_bmp(const Secret& text);
bool is_pbes2(const X509_ALGOR& algorithm);
X509AlgorPtr meant_by_nss(const X509_ALGOR& algorithm);

}  // namespace

Unlocker::Unlocker(const Secret& passphrase, WorkBudget budget) : budget_(budget) {
  if (passphrase.empty()) for_pkcs12_.push_back({.absent = true});
  for_pkcs12_.push_back({.text = passphrase.clone()});
  for_pbkdf2_.push_back({.text = passphrase.clone()});
  if (!is_ascii(passphrase)) {
    // OpenSSL before 1.1 took every octet for a character.
    for_pkcs12_.push_back({.text = every_octet_a_character(passphrase)});
    if (auto latin1 = as_latin1(passphrase); !latin1.empty()) {
      for_pbkdf2_.push_back({.text = std::move(latin1)});
    }
  }
  // NSS before 3.30 gave PBKDF2 what the derivation of PKCS#12 gets.
  for_pbkdf2_.push_back({.text = as_bmp(passphrase)});
}

Result<bool> Unlocker::fits_mac(PKCS12* pfx, BytesView der) {
  for (std::size_t i = 0; i < for_pkcs12_.size(); ++i) {
    const auto fits = mac_fits(pfx, der, for_pkcs12_[i].view(), budget_);
    if (!fits) return fits;
    if (!*fits) continue;
    std::swap(for_pkcs12_.front(), for_pkcs12_[i]);
    fitted_ = true;
    return true;
  }
  return false;
}

Result<Secret> Unlocker::decrypt(const X509_ALGOR& algorithm, BytesView encrypted,
                                 const std::function<bool(BytesView)>& is_sound) {
  auto plain = try_all(algorithm, encrypted, is_sound);
  if (!plain && plain.error().code == Errc::pin_incorrect) {
    if (const auto meant = meant_by_nss(algorithm)) plain = try_all(*meant, encrypted, is_sound);
  }
  if (!plain && plain.error().code == Errc::pin_incorrect && (fitted_ || opened_)) {
    return fail(Errc::malformed, "what is encrypted is broken, or has another passphrase");
  }
  opened_ |= plain.has_value();
  return plain;
}

Result<Secret> Unlocker::try_all(const X509_ALGOR& algorithm, BytesView encrypted,
                                 const std::function<bool(BytesView)>& is_sound) {
  auto& words = is_pbes2(algorithm) ? for_pbkdf2_ : for_pkcs12_;
  for (auto& each : words) {
    auto plain = decrypt_pbe(algorithm, encrypted, each.view(), budget_);
    if (!plain && plain.error().code != Errc::pin_incorrect) return plain;
    if (!plain || !is_sound(plain->view())) continue;
    std::swap(words.front(), each);
    return plain;
  }
  return fail(Errc::pin_incorrect, "wrong passphrase");
}

namespace {

bool is_ascii(const Secret& text) {
  return std::ranges::all_of(text.view(), [](std::uint8_t octet) { return octet < 0x80; });
}

/// In UTF-8, which OpenSSL turns into 16-bit characters.
Secret every_octet_a_character(const Secret& text) {
  Secret utf8(2 * text.size());
  std::size_t size = 0;
  for (const auto octet : text.view()) {
    if (octet >= 0x80) utf8.writable()[size++] = static_cast<std::uint8_t>(0xC0U | octet >> 6U);
    utf8.writable()[size++] =
        octet < 0x80 ? octet : static_cast<std::uint8_t>(0x80U | (octet & 0x3FU));
  }
  utf8.shrink(size);
  return utf8;
}

/// Empty where a character is beyond ISO 8859-1.
Secret as_latin1(const Secret& text) {
  Secret latin1(text.size());
  std::size_t size = 0;
  const auto octets = text.view();
  for (std::size_t i = 0; i < octets.size(); ++i) {
    auto octet = octets[i];
    if (octet >= 0x80) {
      const bool fits = (octet == 0xC2 || octet == 0xC3) && i + 1 < octets.size();
      if (!fits) return {};
      octet = static_cast<std::uint8_t>((octet & 0x03U) << 6U | (octets[++i] & 0x3FU));
    }
    latin1.writable()[size++] = octet;
  }
  latin1.shrink(size);
  return latin1;
}

/// UTF-16, big-endian, with the zero at the end.
Secret as_bmp(const Secret& text) {
  const auto* start = text.empty() ? "" : reinterpret_cast<const char*>(text.view().data());
  unsigned char* octets = nullptr;
  int size = 0;
  if (OPENSSL_utf82uni(start, static_cast<int>(text.size()), &octets, &size) == nullptr) return {};
  auto bmp = Secret::copy_of(BytesView(octets, static_cast<std::size_t>(size)));
  OPENSSL_clear_free(octets, static_cast<std::size_t>(size));
  return bmp;
}

bool is_pbes2(const X509_ALGOR& algorithm) { return OBJ_obj2nid(algorithm.algorithm) == NID_pbes2; }

/// The CBC mode of AES for the length that PBKDF2 is told; 0 without one.
int aes_cbc_for(const X509_ALGOR& function) {
  const auto pbkdf2 = unpack_parameters<Pbkdf2ParamPtr>(function, ASN1_ITEM_rptr(PBKDF2PARAM));
  if (pbkdf2 == nullptr || pbkdf2->keylength == nullptr) return NID_undef;
  switch (ASN1_INTEGER_get(pbkdf2->keylength)) {
    case 16:
      return NID_aes_128_cbc;
    case 24:
      return NID_aes_192_cbc;
    case 32:
      return NID_aes_256_cbc;
    default:
      return NID_undef;
  }
}

/// NSS before 3.35 wrote the name of AES-128 whatever the length of its key.
X509AlgorPtr meant_by_nss(const X509_ALGOR& algorithm) {
  if (!is_pbes2(algorithm)) return nullptr;
  const auto parameters = unpack_parameters<Pbe2ParamPtr>(algorithm, ASN1_ITEM_rptr(PBE2PARAM));
  if (parameters == nullptr) return nullptr;
  auto& cipher = *parameters->encryption;
  const int meant_cipher = aes_cbc_for(*parameters->keyfunc);
  if (OBJ_obj2nid(cipher.algorithm) != NID_aes_128_cbc || meant_cipher == NID_undef ||
      meant_cipher == NID_aes_128_cbc) {
    return nullptr;
  }
  X509AlgorPtr meant(X509_ALGOR_dup(&algorithm));
  X509_ALGOR_set0(&cipher, OBJ_nid2obj(meant_cipher), 0, nullptr);
  ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBE2PARAM), parameters.get(), &meant->parameter);
  return meant;
}

}  // namespace
}  // namespace keystore::pfx
