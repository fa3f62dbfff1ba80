#include "backends/pkcs11/mechanism.h"

#include "backends/pkcs11/der.h"
#include "backends/pkcs11/digest_mechanisms.h"
#include "backends/pkcs11/rsa_padding.h"
#include "backends/pkcs11/signing_way.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/sign_params.h"

namespace keystore::pkcs11 {
namespace {

std::size_t octets_of(unsigned bits) { return (bits + 7) / 8; }

/// A key whose curve we could not read may have the largest usual order.
std::size_t order_of(const KeyShape& shape) { return shape.bits == 0 ? 66 : octets_of(shape.bits); }

std::size_t signature_size(const KeyShape& shape) {
  switch (shape.type) {
    case KeyType::ec:
      return 2 * order_of(shape);
    case KeyType::ed25519:
      return 64;
    case KeyType::ed448:
      return 114;
    default:
      return octets_of(shape.bits);
  }
}

Failure bad_input() {
  return fail(Errc::invalid_argument, "the input does not fit the algorithm and its digest");
}

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
  return bad_input();
}

/// What PKCS#1 padding goes around.
Result<Bytes> pkcs1_content(const SignSpec& spec, BytesView input) {
  if (spec.input == SignInput::digest_info) return Bytes(input.begin(), input.end());
  const auto digest = digest_for(spec, input);
  if (!digest) return Failure(digest.error());
  auto info = digest_info(spec.digest, *digest);
  if (info.empty()) return bad_input();
  return info;
}

Result<Bytes> pkcs1_block(const SignSpec& spec, BytesView input, const KeyShape& shape) {
  const auto content = pkcs1_content(spec, input);
  if (!content) return Failure(content.error());
  return pad_pkcs1_signature(*content, octets_of(shape.bits));
}

Result<Bytes> pss_block(const SignSpec& spec, BytesView input, const KeyShape& shape) {
  const auto digest = digest_for(spec, input);
  if (!digest) return Failure(digest.error());
  return pad_pss(spec, *digest, shape.bits);
}

/// Some tokens refuse more than the order has (FIPS 186-4, 6.4: the leftmost bits count).
Result<Bytes> digest_to_sign(const SignSpec& spec, BytesView input, const KeyShape& shape) {
  auto digest = digest_for(spec, input);
  if (digest && shape.type == KeyType::ec && digest->size() > order_of(shape)) {
    digest->resize(order_of(shape));
  }
  return digest;
}

Result<Bytes> make(Feed feed, const SignSpec& spec, BytesView input, const KeyShape& shape) {
  switch (feed) {
    case Feed::given:
      return Bytes();
    case Feed::digest:
      return digest_to_sign(spec, input, shape);
    case Feed::digest_info:
      return pkcs1_content(spec, input);
    case Feed::pkcs1_block:
      return pkcs1_block(spec, input, shape);
    case Feed::pss_block:
      return pss_block(spec, input, shape);
  }
  return Bytes();
}

Result<CK_RSA_PKCS_PSS_PARAMS> pss_parameters(const SignSpec& spec, const KeyShape& shape) {
  CK_RSA_PKCS_PSS_PARAMS parameters = {};
  parameters.hashAlg = mechanisms_of(spec.digest)->hash;
  parameters.mgf = mechanisms_of(effective_mgf_digest(spec))->mgf;
  parameters.sLen = effective_salt_length(spec);
  if (parameters.sLen + digest_size(spec.digest) + 2 > octets_of(shape.bits - 1)) {
    return fail(Errc::invalid_argument, "the RSA key is too short for this digest and salt");
  }
  return parameters;
}

/// With a context Ed25519 becomes Ed25519ctx; Ed448 always has one, if empty (PKCS#11 3.0, 2.3.14).
void set_eddsa_parameters(Plan& plan, const SignSpec& spec, const KeyShape& shape) {
  if (spec.context.empty() && shape.type == KeyType::ed25519) return;
  plan.parameters = EddsaParams{.context_length = spec.context.size(),
                                .context = const_cast<CK_BYTE*>(spec.context.data())};
}

bool takes_oaep(const DecryptSpec& spec, Digest mgf_digest, const KeyShape& shape,
                const Abilities& abilities) {
  const bool plain =
      spec.digest == Digest::sha1 && mgf_digest == Digest::sha1 && spec.label.empty();
  return abilities.mechanisms.does(CKM_RSA_PKCS_OAEP, CKF_DECRYPT, shape) &&
         mechanisms_of(spec.digest) != nullptr && mechanisms_of(mgf_digest) != nullptr &&
         (plain || !abilities.quirks.oaep_sha1_only);
}

CK_RSA_PKCS_OAEP_PARAMS oaep_parameters(const DecryptSpec& spec, Digest mgf_digest) {
  CK_RSA_PKCS_OAEP_PARAMS parameters = {};
  parameters.hashAlg = mechanisms_of(spec.digest)->hash;
  parameters.mgf = mechanisms_of(mgf_digest)->mgf;
  parameters.source = CKZ_DATA_SPECIFIED;
  parameters.pSourceData =
      spec.label.empty() ? nullptr : const_cast<std::uint8_t*>(spec.label.data());
  parameters.ulSourceDataLen = spec.label.size();
  return parameters;
}

}  // namespace

bool Plan::can_give(std::size_t octets) const noexcept {
  if (raw_ecdsa) return octets != 0 && octets % 2 == 0 && octets <= output_size;
  return octets != 0 && octets == output_size;
}

BytesView Plan::input() const noexcept {
  static constexpr std::uint8_t nothing = 0;
  if (!made.empty()) return made;
  return given.empty() ? BytesView(&nothing, 0) : given;
}

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
  const auto way = find_signing_way(spec, shape, abilities);
  if (!way) return Failure(way.error());
  const bool raw = spec.algorithm == SignAlgorithm::rsa_raw;
  if (raw && input.size() != octets_of(shape.bits)) return bad_input();
  auto made = make(way->feed, spec, input, shape);
  if (!made) return Failure(made.error());
  Plan plan{.mechanism = way->mechanism,
            .made = *std::move(made),
            .given = input,
            .output_size = signature_size(shape),
            .raw_ecdsa = spec.algorithm == SignAlgorithm::ecdsa};
  if (spec.algorithm == SignAlgorithm::rsa_pss && way->feed != Feed::pss_block) {
    const auto parameters = pss_parameters(spec, shape);
    if (!parameters) return Failure(parameters.error());
    plan.parameters = *parameters;
  }
  if (spec.algorithm == SignAlgorithm::eddsa) set_eddsa_parameters(plan, spec, shape);
  return plan;
}

Result<DecryptPlan> plan_decryption(const DecryptSpec& spec, BytesView ciphertext,
                                    const KeyShape& shape, const Abilities& abilities) {
  if (shape.type != KeyType::rsa) {
    return fail(Errc::invalid_argument, "the key is not an RSA key");
  }
  DecryptPlan result{.plan = {.mechanism = CKM_RSA_X_509,
                              .given = ciphertext,
                              .output_size = octets_of(shape.bits)}};
  auto& plan = result.plan;
  if (spec.encryption == Encryption::rsa_pkcs1) plan.mechanism = CKM_RSA_PKCS;
  if (spec.encryption == Encryption::rsa_oaep) {
    const auto mgf_digest = spec.mgf_digest == Digest::none ? spec.digest : spec.mgf_digest;
    result.oaep_in_software = !takes_oaep(spec, mgf_digest, shape, abilities);
    if (!result.oaep_in_software) {
      plan.mechanism = CKM_RSA_PKCS_OAEP;
      plan.parameters = oaep_parameters(spec, mgf_digest);
    }
  }
  if (!abilities.mechanisms.does(plan.mechanism, CKF_DECRYPT, shape)) {
    return fail(Errc::unsupported, std::string(abilities.no_mechanism()) + " for this decryption");
  }
  return result;
}

Bytes ecdsa_as_der(BytesView raw) {
  const auto half = raw.size() / 2;
  return der::two_integers(raw.first(half), raw.subspan(half));
}

}  // namespace keystore::pkcs11
