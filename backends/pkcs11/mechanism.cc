#include "backends/pkcs11/mechanism.h"

#include <fmt/format.h>

#include "backends/pkcs11/der.h"
#include "backends/pkcs11/rsa_padding.h"
#include "keystore/internal/lib_ctx.h"

namespace keystore::pkcs11 {
namespace {

/// PKCS#11's names for a digest.
struct DigestRow {
  Digest digest = Digest::none;
  CK_MECHANISM_TYPE mechanism = 0;
  CK_ULONG mgf = 0;
};
constexpr std::array digest_rows = {
    DigestRow{Digest::sha1, CKM_SHA_1, CKG_MGF1_SHA1},
    DigestRow{Digest::sha224, CKM_SHA224, CKG_MGF1_SHA224},
    DigestRow{Digest::sha256, CKM_SHA256, CKG_MGF1_SHA256},
    DigestRow{Digest::sha384, CKM_SHA384, CKG_MGF1_SHA384},
    DigestRow{Digest::sha512, CKM_SHA512, CKG_MGF1_SHA512},
    DigestRow{Digest::sha3_224, ckm_sha3_224, ckg_mgf1_sha3_224},
    DigestRow{Digest::sha3_256, ckm_sha3_256, ckg_mgf1_sha3_256},
    DigestRow{Digest::sha3_384, ckm_sha3_384, ckg_mgf1_sha3_384},
    DigestRow{Digest::sha3_512, ckm_sha3_512, ckg_mgf1_sha3_512},
};

const DigestRow* find_digest(Digest digest) {
  const auto* row = std::ranges::find(digest_rows, digest, &DigestRow::digest);
  return row == digest_rows.end() ? nullptr : row;
}

Failure not_here(std::string_view what) {
  return fail(Errc::unsupported, fmt::format("cannot {}: the token has no mechanism for it", what));
}

Failure wrong_algorithm() {
  return fail(Errc::invalid_argument,
              "cannot sign: the algorithm does not fit the type of the key");
}

std::size_t octets_of(unsigned bits) { return (bits + 7) / 8; }

/// The digest that the spec asks for, of a message or as it came.
Result<Bytes> digest_for(const SignSpec& spec, BytesView input) {
  switch (spec.input) {
    case SignInput::message:
      if (spec.digest == Digest::none) break;
      return hash(spec.digest, input);
    case SignInput::digest:
      if (spec.digest != Digest::none && input.size() != digest_size(spec.digest)) break;
      return Bytes(input.begin(), input.end());
    case SignInput::digest_info:
    case SignInput::raw:
      break;
  }
  return fail(Errc::invalid_argument, "cannot sign: the input does not fit the digest");
}

Result<Plan> plan_raw_rsa(Bytes padded, const KeyShape& shape, const Abilities& abilities) {
  if (!abilities.has(CKM_RSA_X_509)) return not_here("sign with this padding");
  return Plan{
      .mechanism = CKM_RSA_X_509, .made = std::move(padded), .output_size = octets_of(shape.bits)};
}

Result<Plan> plan_pkcs1(const SignSpec& spec, BytesView input, const KeyShape& shape,
                        const Abilities& abilities) {
  Plan plan{.mechanism = CKM_RSA_PKCS, .given = input, .output_size = octets_of(shape.bits)};
  if (spec.input != SignInput::digest_info) {
    auto digest = digest_for(spec, input);
    if (!digest) return Failure(digest.error());
    plan.made = digest_info(spec.digest, *digest);
    if (plan.made.empty()) return wrong_algorithm();
  }
  if (abilities.has(CKM_RSA_PKCS)) return plan;
  auto padded = pad_pkcs1_signature(plan.input(), plan.output_size);
  if (!padded) return Failure(padded.error());
  return plan_raw_rsa(std::move(*padded), shape, abilities);
}

bool does_pss(const SignSpec& spec, Digest mgf_digest, const Abilities& abilities) {
  return abilities.has(CKM_RSA_PKCS_PSS) && find_digest(spec.digest) != nullptr &&
         find_digest(mgf_digest) != nullptr &&
         (mgf_digest == spec.digest || !abilities.quirks.pss_one_digest) &&
         (spec.digest <= Digest::sha512 || !abilities.quirks.pss_one_digest);
}

Result<Plan> plan_pss(const SignSpec& spec, BytesView input, const KeyShape& shape,
                      const Abilities& abilities) {
  auto digest = digest_for(spec, input);
  if (!digest) return Failure(digest.error());
  const auto mgf_digest = spec.mgf_digest == Digest::none ? spec.digest : spec.mgf_digest;
  if (!does_pss(spec, mgf_digest, abilities)) {
    auto padded = pad_pss(spec, *digest, shape.bits);
    if (!padded) return Failure(padded.error());
    return plan_raw_rsa(std::move(*padded), shape, abilities);
  }
  CK_RSA_PKCS_PSS_PARAMS parameters = {};
  parameters.hashAlg = find_digest(spec.digest)->mechanism;
  parameters.mgf = find_digest(mgf_digest)->mgf;
  parameters.sLen = spec.salt_length.value_or(static_cast<unsigned>(digest_size(spec.digest)));
  if (parameters.sLen + digest_size(spec.digest) + 2 > octets_of(shape.bits - 1)) {
    return fail(Errc::invalid_argument,
                "cannot sign: the RSA key is too short for this digest and salt");
  }
  return Plan{.mechanism = CKM_RSA_PKCS_PSS,
              .parameters = parameters,
              .made = std::move(*digest),
              .output_size = octets_of(shape.bits)};
}

Result<Plan> plan_ecdsa(const SignSpec& spec, BytesView input, const KeyShape& shape,
                        const Abilities& abilities) {
  if (!abilities.has(CKM_ECDSA)) return not_here("sign with ECDSA");
  auto digest = digest_for(spec, input);
  if (!digest) return Failure(digest.error());
  // Some tokens refuse more than the order has (FIPS 186-4, 6.4: the leftmost bits count). A key
  // whose curve we could not read gets all of it.
  const std::size_t order = shape.bits == 0 ? 66 : octets_of(shape.bits);
  if (digest->size() > order) digest->resize(order);
  return Plan{.mechanism = CKM_ECDSA,
              .made = std::move(*digest),
              .output_size = 2 * order,
              .raw_ecdsa = true};
}

Result<Plan> plan_eddsa(const SignSpec& spec, BytesView input, const KeyShape& shape,
                        const Abilities& abilities) {
  if (!abilities.has(CKM_EDDSA)) return not_here("sign with EdDSA");
  if (spec.input != SignInput::message) return wrong_algorithm();
  Plan plan{.mechanism = CKM_EDDSA,
            .given = input,
            .output_size = shape.type == KeyType::ed448 ? std::size_t{114} : std::size_t{64}};
  if (!spec.context.empty()) {
    plan.parameters = EddsaParams{.context_length = spec.context.size(),
                                  .context = const_cast<CK_BYTE*>(spec.context.data())};
  }
  return plan;
}

bool runs(SignatureScheme scheme, const Abilities& abilities) {
  switch (spec_of(scheme).algorithm) {
    case SignAlgorithm::rsa_pkcs1:
      return abilities.has(CKM_RSA_PKCS) || abilities.has(CKM_RSA_X_509);
    case SignAlgorithm::rsa_pss:
      return abilities.has(CKM_RSA_PKCS_PSS) || abilities.has(CKM_RSA_X_509);
    case SignAlgorithm::rsa_raw:
      return abilities.has(CKM_RSA_X_509);
    case SignAlgorithm::ecdsa:
      return abilities.has(CKM_ECDSA);
    case SignAlgorithm::eddsa:
      return abilities.has(CKM_EDDSA);
  }
  return false;
}

}  // namespace

CK_MECHANISM Plan::as_mechanism() noexcept {
  CK_MECHANISM result = {mechanism, nullptr, 0};
  std::visit(
      [&]<class T>(T& value) {
        if constexpr (!std::is_same_v<T, std::monostate>) {
          result.pParameter = &value;
          result.ulParameterLen = sizeof value;
        }
      },
      parameters);
  return result;
}

Result<Plan> plan_signature(const SignSpec& spec, BytesView input, const KeyShape& shape,
                            const Abilities& abilities) {
  switch (spec.algorithm) {
    case SignAlgorithm::rsa_pkcs1:
      if (shape.type != KeyType::rsa) break;
      return plan_pkcs1(spec, input, shape, abilities);
    case SignAlgorithm::rsa_pss:
      if (shape.type != KeyType::rsa) break;
      return plan_pss(spec, input, shape, abilities);
    case SignAlgorithm::rsa_raw:
      if (shape.type != KeyType::rsa || input.size() != octets_of(shape.bits)) break;
      return plan_raw_rsa(Bytes(input.begin(), input.end()), shape, abilities);
    case SignAlgorithm::ecdsa:
      if (shape.type != KeyType::ec) break;
      return plan_ecdsa(spec, input, shape, abilities);
    case SignAlgorithm::eddsa:
      if (shape.type != KeyType::ed25519 && shape.type != KeyType::ed448) break;
      return plan_eddsa(spec, input, shape, abilities);
  }
  return wrong_algorithm();
}

Result<DecryptPlan> plan_decryption(const DecryptSpec& spec, BytesView ciphertext,
                                    const KeyShape& shape, const Abilities& abilities) {
  if (shape.type != KeyType::rsa) {
    return fail(Errc::invalid_argument, "cannot decrypt: the key is not an RSA key");
  }
  DecryptPlan result{.plan = {.given = ciphertext, .output_size = octets_of(shape.bits)}};
  auto& plan = result.plan;
  switch (spec.encryption) {
    case Encryption::rsa_pkcs1:
      plan.mechanism = CKM_RSA_PKCS;
      break;
    case Encryption::rsa_raw:
      plan.mechanism = CKM_RSA_X_509;
      break;
    case Encryption::rsa_oaep: {
      const auto mgf_digest = spec.mgf_digest == Digest::none ? spec.digest : spec.mgf_digest;
      const auto* digest = find_digest(spec.digest);
      const auto* mgf = find_digest(mgf_digest);
      const bool plain =
          spec.digest == Digest::sha1 && mgf_digest == Digest::sha1 && spec.label.empty();
      if (!abilities.has(CKM_RSA_PKCS_OAEP) || digest == nullptr || mgf == nullptr ||
          (abilities.quirks.oaep_sha1_only && !plain)) {
        plan.mechanism = CKM_RSA_X_509;
        result.oaep_in_software = true;
        break;
      }
      plan.mechanism = CKM_RSA_PKCS_OAEP;
      CK_RSA_PKCS_OAEP_PARAMS parameters = {};
      parameters.hashAlg = digest->mechanism;
      parameters.mgf = mgf->mgf;
      parameters.source = CKZ_DATA_SPECIFIED;
      parameters.pSourceData =
          spec.label.empty() ? nullptr : const_cast<std::uint8_t*>(spec.label.data());
      parameters.ulSourceDataLen = spec.label.size();
      plan.parameters = parameters;
    }
  }
  if (!abilities.has(plan.mechanism)) return not_here("decrypt this way");
  return result;
}

std::vector<SignatureScheme> schemes_on(const KeyShape& shape, const Abilities& abilities) {
  std::vector<SignatureScheme> schemes;
  for (const auto scheme : schemes_of(shape)) {
    if (runs(scheme, abilities)) schemes.push_back(scheme);
  }
  return schemes;
}

Bytes ecdsa_as_der(BytesView raw) {
  const auto half = raw.size() / 2;
  return der::element(der::sequence_tag, {der::unsigned_integer(raw.first(half)),
                                          der::unsigned_integer(raw.subspan(half))});
}

}  // namespace keystore::pkcs11
