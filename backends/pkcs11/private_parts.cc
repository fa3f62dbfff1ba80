#include "backends/pkcs11/private_parts.h"

#include <fmt/format.h>
#include <openssl/core_names.h>

#include <array>
#include <map>
#include <span>

#include "backends/pkcs11/der.h"
#include "keystore/internal/der.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/pkcs8.h"
#include "keystore/internal/pkcs8_rsa.h"
#include "keystore/internal/public_key_parsed.h"

namespace keystore::pkcs11 {
namespace {

using Parts = std::map<CK_ATTRIBUTE_TYPE, Secret>;

// PKCS#11's name and OpenSSL's for each part of an RSA key; the public ones first.
constexpr std::array rsa_rows = {
    std::pair{CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N},
    std::pair{CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E},
    std::pair{CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D},
    std::pair{CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1},
    std::pair{CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2},
    std::pair{CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1},
    std::pair{CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2},
    std::pair{CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
};
constexpr std::size_t rsa_public_rows = 2;
constexpr std::size_t most_octets = 2048;  ///< of one part

/// Padded on the left to `size` where that is given.
Result<Secret> number(const EVP_PKEY* key, const char* name, std::size_t size = 0) {
  BIGNUM* value = nullptr;
  EVP_PKEY_get_bn_param(key, name, &value);
  const BnPtr owned(value);
  if (owned == nullptr)
    return fail(Errc::malformed, "cannot import the key: a part of it is missing");
  Secret out(size != 0 ? size : static_cast<std::size_t>(BN_num_bytes(value)));
  if (BN_bn2binpad(value, out.writable().data(), static_cast<int>(out.size())) < 0) {
    return fail(Errc::malformed, "cannot import the key: a part of it is too long");
  }
  return out;
}

Result<KeyParts> rsa_parts(const EVP_PKEY* key, std::size_t rows) {
  KeyParts parts;
  for (const auto& [attribute, name] : std::span(rsa_rows).first(rows)) {
    auto value = number(key, name);
    if (!value) return Failure(value.error());
    parts.emplace_back(attribute, std::move(*value));
  }
  return parts;
}

Result<Secret> private_octets(const EVP_PKEY* key, const KeyShape& shape) {
  if (shape.type == KeyType::ec) {
    return number(key, OSSL_PKEY_PARAM_PRIV_KEY, (shape.bits + 7) / 8);
  }
  std::size_t size = 0;
  EVP_PKEY_get_raw_private_key(key, nullptr, &size);
  Secret value(size);
  if (size != 0 && EVP_PKEY_get_raw_private_key(key, value.writable().data(), &size) == 1) {
    return value;
  }
  return Failure(
      error_from_openssl(Errc::malformed, "cannot import the key: its private part is missing"));
}

CK_RV read_parts(const Session& session, CK_OBJECT_HANDLE handle, const KeyShape& shape,
                 Parts& parts) {
  if (shape.type == KeyType::rsa) {
    for (const auto& [attribute, name] : rsa_rows) parts.emplace(attribute, Secret(most_octets));
  } else {
    parts.emplace(CKA_VALUE, Secret(most_octets));
  }
  std::vector<CK_ATTRIBUTE> wanted;
  for (auto& [attribute, value] : parts) {
    wanted.push_back({attribute, value.writable().data(), value.size()});
  }
  const auto rv =
      session.call(function::get_attribute_value, handle, wanted.data(), CK_ULONG{wanted.size()});
  if (rv != CKR_OK) return rv;
  auto got = wanted.begin();
  for (auto& [attribute, value] : parts) {
    const auto size = (got++)->ulValueLen;
    if (size == 0 || size > value.size()) return CKR_ATTRIBUTE_VALUE_INVALID;
    value.shrink(size);
  }
  return CKR_OK;
}

BnPtr as_number(const Secret& value) {
  return BnPtr(BN_bin2bn(value.view().data(), static_cast<int>(value.size()), BN_secure_new()));
}

EvpPkeyPtr make_key(const char* type, OSSL_PARAM_BLD* builder) {
  const OsslParamPtr parameters(OSSL_PARAM_BLD_to_param(builder));
  return parameters == nullptr ? nullptr : pkey_from_params(type, parameters.get());
}

EvpPkeyPtr make_rsa(const Parts& parts) {
  const OsslParamBldPtr builder(OSSL_PARAM_BLD_new());
  std::vector<BnPtr> numbers;
  for (const auto& [attribute, name] : rsa_rows) {
    numbers.push_back(as_number(parts.at(attribute)));
    OSSL_PARAM_BLD_push_BN(builder.get(), name, numbers.back().get());
  }
  return make_key("RSA", builder.get());
}

EvpPkeyPtr make_ec(const Parts& parts, const PublicKey& half) {
  const OsslParamBldPtr builder(OSSL_PARAM_BLD_new());
  const auto* pkey = pkey_of(half);
  std::array<char, 80> group = {};
  EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size(),
                                 nullptr);
  const auto point = public_octets(pkey);
  const auto scalar = as_number(parts.at(CKA_VALUE));
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar.get());
  return make_key("EC", builder.get());
}

EvpPkeyPtr make_raw(const Parts& parts, KeyType type) {
  const auto& value = parts.at(CKA_VALUE);
  return EvpPkeyPtr(EVP_PKEY_new_raw_private_key_ex(private_lib_ctx(),
                                                    std::string(to_string(type)).c_str(), nullptr,
                                                    value.view().data(), value.size()));
}

EvpPkeyPtr assemble(const Parts& parts, const KeyShape& shape,
                    const std::optional<PublicKey>& half) {
  if (shape.type == KeyType::rsa) return make_rsa(parts);
  if (shape.type == KeyType::ec) return half ? make_ec(parts, *half) : nullptr;
  return make_raw(parts, shape.type);
}

/// Whether both halves belong together, and to the public key that we know.
bool is_whole(EVP_PKEY* key, const std::optional<PublicKey>& half) {
  if (key == nullptr) return false;
  if (half && EVP_PKEY_eq(key, pkey_of(*half)) != 1) return false;
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(private_lib_ctx(), key, nullptr));
  return context != nullptr && EVP_PKEY_pairwise_check(context.get()) == 1;
}

}  // namespace

Result<KeyParts> private_parts(const EVP_PKEY* key, const KeyShape& shape) {
  const OpensslErrorMark mark;
  if (shape.type == KeyType::rsa) return rsa_parts(key, rsa_rows.size());
  auto value = private_octets(key, shape);
  if (!value) return Failure(value.error());
  KeyParts parts;
  parts.emplace_back(CKA_VALUE, std::move(*value));
  return parts;
}

Result<KeyParts> public_parts(const EVP_PKEY* key, const KeyShape& shape) {
  const OpensslErrorMark mark;
  if (shape.type == KeyType::rsa) return rsa_parts(key, rsa_public_rows);
  KeyParts parts;
  const auto point = der::element(der_tag::octet_string, {public_octets(key)});
  parts.emplace_back(CKA_EC_POINT, Secret::copy_of(point));
  return parts;
}

Result<Secret> read_private_key(const Session& session, CK_OBJECT_HANDLE handle,
                                const KeyShape& shape, const std::optional<PublicKey>& half,
                                std::string_view action, CK_RV& rv) {
  const OpensslErrorMark mark;
  const auto failed = fmt::format("{}: what the token gave is no key, or another one", action);
  Parts parts;
  rv = read_parts(session, handle, shape, parts);
  if (rv != CKR_OK) return fail(Errc::malformed, failed);
  const auto key = assemble(parts, shape, half);
  if (!is_whole(key.get(), half)) return Failure(error_from_openssl(Errc::malformed, failed));
  return encode_pkcs8(key.get());
}

Bytes public_octets(const EVP_PKEY* key) {
  std::size_t size = 0;
  EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0, &size);
  Bytes octets(size);
  EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, octets.data(), size, &size);
  return octets;
}

}  // namespace keystore::pkcs11
