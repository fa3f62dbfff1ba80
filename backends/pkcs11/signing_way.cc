#include "backends/pkcs11/signing_way.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "backends/pkcs11/digest_mechanisms.h"
#include "keystore/internal/sign_params.h"

namespace keystore::pkcs11 {
namespace {

/// One question, with all that an answer depends on.
class WaySearch {
 public:
  WaySearch(const SignSpec& spec, const KeyShape& shape, const Abilities& abilities)
      : spec_(spec), shape_(shape), abilities_(abilities) {}

  std::optional<SigningWay> find() const {
    switch (spec_.algorithm) {
      case SignAlgorithm::rsa_pkcs1:
        return pkcs1();
      case SignAlgorithm::rsa_pss:
        return pss();
      case SignAlgorithm::rsa_raw:
        return signs(CKM_RSA_X_509) ? way(CKM_RSA_X_509, Feed::given) : std::nullopt;
      case SignAlgorithm::ecdsa:
        return ecdsa();
      case SignAlgorithm::eddsa:
        return eddsa();
    }
    return std::nullopt;
  }

 private:
  using Way = std::optional<SigningWay>;

  static Way way(CK_MECHANISM_TYPE mechanism, Feed feed) { return SigningWay{mechanism, feed}; }

  bool signs(CK_MECHANISM_TYPE mechanism) const {
    return mechanism != 0 && abilities_.mechanisms.does(mechanism, CKF_SIGN, shape_);
  }

  Way pkcs1() const {
    const bool whole = spec_.input == SignInput::digest_info;
    if (signs(CKM_RSA_PKCS)) return way(CKM_RSA_PKCS, whole ? Feed::given : Feed::digest_info);
    if (signs(CKM_RSA_X_509)) return way(CKM_RSA_X_509, Feed::pkcs1_block);
    return hash_and_sign(&DigestMechanisms::rsa_pkcs);
  }

  Way pss() const {
    const bool raw = signs(CKM_RSA_X_509);
    if (takes_pss_parameters()) {
      if (signs(CKM_RSA_PKCS_PSS) && !(raw && leaves_digest_out())) {
        return way(CKM_RSA_PKCS_PSS, Feed::digest);
      }
      if (!raw) return hash_and_sign(&DigestMechanisms::rsa_pss);
    }
    return raw ? way(CKM_RSA_X_509, Feed::pss_block) : std::nullopt;
  }

  Way ecdsa() const {
    if (signs(CKM_ECDSA)) return way(CKM_ECDSA, Feed::digest);
    return hash_and_sign(&DigestMechanisms::ecdsa);
  }

  Way eddsa() const {
    if (!spec_.context.empty() && abilities_.quirks.eddsa_without_context) return std::nullopt;
    return signs(CKM_EDDSA) ? way(CKM_EDDSA, Feed::given) : std::nullopt;
  }

  Way hash_and_sign(CK_MECHANISM_TYPE DigestMechanisms::*which) const {
    const auto* digest = mechanisms_of(spec_.digest);
    if (spec_.input != SignInput::message || digest == nullptr) return std::nullopt;
    return signs(digest->*which) ? way(digest->*which, Feed::given) : std::nullopt;
  }

  bool takes_pss_parameters() const {
    const auto mgf = effective_mgf_digest(spec_);
    if (mechanisms_of(spec_.digest) == nullptr || mechanisms_of(mgf) == nullptr) return false;
    return !abilities_.quirks.pss_one_digest ||
           (mgf == spec_.digest && spec_.digest <= Digest::sha512);
  }

  /// A token that lists PSS with other digests, but not with this one, will hardly take it as a
  /// parameter.
  bool leaves_digest_out() const {
    const auto& mechanisms = abilities_.mechanisms;
    const auto lists = [&](const DigestMechanisms& row) { return mechanisms.lists(row.rsa_pss); };
    return std::ranges::any_of(all_digest_mechanisms(), lists) &&
           !lists(*mechanisms_of(spec_.digest));
  }

  const SignSpec& spec_;
  const KeyShape& shape_;
  const Abilities& abilities_;
};

bool fits(SignAlgorithm algorithm, KeyType type) {
  switch (algorithm) {
    case SignAlgorithm::rsa_pkcs1:
    case SignAlgorithm::rsa_pss:
    case SignAlgorithm::rsa_raw:
      return type == KeyType::rsa;
    case SignAlgorithm::ecdsa:
      return type == KeyType::ec;
    case SignAlgorithm::eddsa:
      return type == KeyType::ed25519 || type == KeyType::ed448;
  }
  return false;
}

std::string name_of(const SignSpec& spec) {
  constexpr std::array names = {"RSA PKCS#1", "RSA-PSS", "raw RSA", "ECDSA", "EdDSA"};
  auto name = std::string(names.at(static_cast<std::size_t>(spec.algorithm)));
  if (spec.digest != Digest::none) name += fmt::format(" with {}", openssl_name(spec.digest));
  if (!spec.context.empty()) name += " with a context";
  return name;
}

Failure no_way(const SignSpec& spec, const KeyShape& shape, const Abilities& abilities) {
  auto of_message = spec;
  of_message.input = SignInput::message;
  if (spec.input == SignInput::digest && WaySearch(of_message, shape, abilities).find()) {
    return fail(Errc::unsupported,
                fmt::format("the token makes {} signatures of messages that it hashes itself, not "
                            "of digests",
                            name_of(spec)),
                "hand over the message");
  }
  return fail(Errc::unsupported,
              fmt::format("{} for {} signatures", abilities.no_mechanism(), name_of(spec)));
}

}  // namespace

Result<SigningWay> find_signing_way(const SignSpec& spec, const KeyShape& shape,
                                    const Abilities& abilities) {
  if (!fits(spec.algorithm, shape.type)) {
    return fail(Errc::invalid_argument, "the algorithm does not fit the type of the key");
  }
  if (const auto found = WaySearch(spec, shape, abilities).find()) return *found;
  return no_way(spec, shape, abilities);
}

std::vector<SignatureScheme> schemes_on(const KeyShape& shape, const Abilities& abilities) {
  std::vector<SignatureScheme> schemes;
  for (const auto scheme : schemes_of(shape)) {
    if (find_signing_way(spec_of(scheme), shape, abilities)) schemes.push_back(scheme);
  }
  return schemes;
}

}  // namespace keystore::pkcs11
