#include "bindings/openssl/provider/store_search.h"

#include <openssl/core_names.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "bindings/openssl/provider/dispatch/params.h"

namespace keystore::provider {
namespace {

X509NamePtr parse_name(BytesView der) {
  const auto* place = der.data();
  return X509NamePtr(d2i_X509_NAME(nullptr, &place, static_cast<long>(der.size())));
}

Result<void> set_name(const OSSL_PARAM params[], const char* param, X509NamePtr& name) {
  const auto der = octets_param(params, param);
  if (!der) return {};
  name = parse_name(*der);
  if (name) return {};
  return fail(Errc::malformed, std::string("the ") + param + " to look for is no name");
}

// As in RFC 5280, 7.1: whatever the string types, the case and the blanks.
bool same_name(const X509NamePtr& wanted, BytesView der) {
  const auto name = parse_name(der);
  return name && X509_NAME_cmp(wanted.get(), name.get()) == 0;
}

bool same_serial(const BnPtr& wanted, const std::string& hexadecimal) {
  BIGNUM* number = nullptr;
  BN_hex2bn(&number, hexadecimal.c_str());
  const BnPtr owned(number);
  return owned && BN_cmp(wanted.get(), owned.get()) == 0;
}

}  // namespace

Result<void> StoreSearch::set(const OSSL_PARAM params[], const Digests& digests) {
  if (auto done = set_name(params, OSSL_STORE_PARAM_SUBJECT, subject_); !done) return done;
  if (auto done = set_name(params, OSSL_STORE_PARAM_ISSUER, issuer_); !done) return done;
  if (const auto* serial = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_SERIAL)) {
    BIGNUM* number = nullptr;
    if (OSSL_PARAM_get_BN(serial, &number) != 1) {
      return fail(Errc::malformed, "the serial to look for is no number");
    }
    serial_.reset(number);
  }
  if (const auto name = text_param(params, OSSL_STORE_PARAM_DIGEST)) {
    digest_ = digests.find(*name).md;
    if (digest_ == nullptr) {
      return fail(Errc::unsupported, "digest " + *name + " is not one that fingerprints here use",
                  "give a fingerprint by SHA-256");
    }
  }
  if (auto octets = octets_param(params, OSSL_STORE_PARAM_FINGERPRINT)) {
    fingerprint_ = *std::move(octets);
  }
  if (auto text = text_param(params, OSSL_STORE_PARAM_ALIAS)) alias_ = *std::move(text);
  return {};
}

bool StoreSearch::matches(const Certificate& certificate) const {
  if (subject_ && !same_name(subject_, certificate.subject_der())) return false;
  if (issuer_ && !same_name(issuer_, certificate.issuer_der())) return false;
  if (serial_ && !same_serial(serial_, certificate.serial())) return false;
  if (!fingerprint_ || has_fingerprint(certificate.der())) return true;
  const auto key = certificate.public_key();
  return key && has_fingerprint(key->spki());
}

bool StoreSearch::matches(const PublicKey& key) const {
  return !certificates_only() && (!fingerprint_ || has_fingerprint(key.spki()));
}

bool StoreSearch::has_fingerprint(BytesView der) const {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> value = {};
  unsigned size = 0;
  if (digest_ == nullptr ||
      EVP_Digest(der.data(), der.size(), value.data(), &size, digest_, nullptr) != 1) {
    return false;
  }
  return std::ranges::equal(BytesView(value.data(), size), *fingerprint_);
}

}  // namespace keystore::provider
