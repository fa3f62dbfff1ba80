#include "bindings/c/key_specs.h"

#include "bindings/c/guard.h"

namespace keystore::c {
namespace {

static_assert(static_cast<int>(Digest::none) == KS_DIGEST_NONE);
static_assert(static_cast<int>(Digest::sha1) == KS_DIGEST_SHA1);
static_assert(static_cast<int>(Digest::sha224) == KS_DIGEST_SHA224);
static_assert(static_cast<int>(Digest::sha256) == KS_DIGEST_SHA256);
static_assert(static_cast<int>(Digest::sha384) == KS_DIGEST_SHA384);
static_assert(static_cast<int>(Digest::sha512) == KS_DIGEST_SHA512);
static_assert(static_cast<int>(Digest::sha3_224) == KS_DIGEST_SHA3_224);
static_assert(static_cast<int>(Digest::sha3_256) == KS_DIGEST_SHA3_256);
static_assert(static_cast<int>(Digest::sha3_384) == KS_DIGEST_SHA3_384);
static_assert(static_cast<int>(Digest::sha3_512) == KS_DIGEST_SHA3_512);
static_assert(static_cast<int>(Digest::sha512_224) == KS_DIGEST_SHA512_224);
static_assert(static_cast<int>(Digest::sha512_256) == KS_DIGEST_SHA512_256);
static_assert(static_cast<int>(SignAlgorithm::rsa_pkcs1) == KS_SIGN_RSA_PKCS1);
static_assert(static_cast<int>(SignAlgorithm::rsa_pss) == KS_SIGN_RSA_PSS);
static_assert(static_cast<int>(SignAlgorithm::rsa_raw) == KS_SIGN_RSA_RAW);
static_assert(static_cast<int>(SignAlgorithm::ecdsa) == KS_SIGN_ECDSA);
static_assert(static_cast<int>(SignAlgorithm::eddsa) == KS_SIGN_EDDSA);
static_assert(static_cast<int>(SignInput::message) == KS_INPUT_MESSAGE);
static_assert(static_cast<int>(SignInput::digest) == KS_INPUT_DIGEST);
static_assert(static_cast<int>(SignInput::digest_info) == KS_INPUT_DIGEST_INFO);
static_assert(static_cast<int>(SignInput::raw) == KS_INPUT_RAW);
static_assert(static_cast<int>(Encryption::rsa_pkcs1) == KS_DECRYPT_RSA_PKCS1);
static_assert(static_cast<int>(Encryption::rsa_oaep) == KS_DECRYPT_RSA_OAEP);
static_assert(static_cast<int>(Encryption::rsa_raw) == KS_DECRYPT_RSA_RAW);

Bytes copy_of(const std::uint8_t* data, std::size_t size, const char* name) {
  const auto view = view_of(data, size, name);
  return {view.begin(), view.end()};
}

}  // namespace

SignSpec sign_spec(const ks_sign_spec* given) {
  constexpr ks_sign_spec defaults = KS_SIGN_SPEC_INIT;
  const auto spec = read_sized(&require(given, "spec"), defaults, "spec");
  SignSpec made{.algorithm = known(spec.algorithm, SignAlgorithm::eddsa, "algorithm"),
                .input = known(spec.input, SignInput::raw, "input"),
                .digest = known(spec.digest, Digest::sha512_256, "digest"),
                .mgf_digest = known(spec.mgf_digest, Digest::sha512_256, "mgf_digest"),
                .context = copy_of(spec.context, spec.context_size, "context")};
  if (spec.salt_length < -1) raise(Errc::invalid_argument, "salt_length is below -1");
  if (spec.salt_length >= 0) made.salt_length = static_cast<unsigned>(spec.salt_length);
  return made;
}

DecryptSpec decrypt_spec(const ks_decrypt_spec* given) {
  constexpr ks_decrypt_spec defaults = KS_DECRYPT_SPEC_INIT;
  const auto spec = read_sized(&require(given, "spec"), defaults, "spec");
  return {.encryption = known(spec.encryption, Encryption::rsa_raw, "encryption"),
          .digest = known(spec.digest, Digest::sha512_256, "digest"),
          .mgf_digest = known(spec.mgf_digest, Digest::sha512_256, "mgf_digest"),
          .label = copy_of(spec.label, spec.label_size, "label")};
}

SignatureScheme signature_scheme(std::uint16_t number) {
  const auto scheme = static_cast<SignatureScheme>(number);
  if (to_string(scheme) == "unknown") {
    raise(Errc::invalid_argument, "no signature scheme has number " + std::to_string(number),
          "ks.h names those that are known");
  }
  return scheme;
}

}  // namespace keystore::c

namespace c = keystore::c;

const char* ks_scheme_name(uint16_t scheme) {
  return keystore::to_string(static_cast<keystore::SignatureScheme>(scheme)).data();
}

int32_t ks_scheme_parse(const char* name, uint16_t* out) {
  return c::guard(__func__, [&] {
    auto& place = c::require(out, "out");
    const auto scheme = c::take(keystore::parse_signature_scheme(c::require_text(name, "name")));
    place = static_cast<std::uint16_t>(scheme);
  });
}
