#include "keystore/internal/sign_params.h"

#include <openssl/core_names.h>

#include "keystore/internal/lib_ctx.h"

namespace keystore {
namespace {

Failure wrong_key(const KeyShape& shape, std::string_view what) {
  return fail(Errc::invalid_argument, "a key of type " + std::string(to_string(shape.type)) +
                                          (shape.rsa_pss_only ? " (restricted to PSS)" : "") +
                                          " cannot make " + std::string(what));
}

Failure wrong_input(std::string_view algorithm) {
  return fail(Errc::invalid_argument,
              std::string(algorithm) + " does not take this kind of input and digest");
}

bool hashes(const SignSpec& spec) {
  return spec.input == SignInput::message || spec.input == SignInput::digest;
}

Result<void> check_pkcs1(const KeyShape& shape, const SignSpec& spec) {
  if (shape.type != KeyType::rsa || shape.rsa_pss_only) {
    return wrong_key(shape, "RSA PKCS#1 signatures");
  }
  const bool complete =
      spec.input == SignInput::digest_info || (hashes(spec) && spec.digest != Digest::none);
  if (!complete) return wrong_input("RSA PKCS#1");
  return {};
}

Result<void> check_pss(const KeyShape& shape, const SignSpec& spec) {
  if (shape.type != KeyType::rsa) return wrong_key(shape, "RSA-PSS signatures");
  if (!hashes(spec) || spec.digest == Digest::none) return wrong_input("RSA-PSS");
  // RFC 8017, 9.1.1, step 3; greater numbers mean something else to OpenSSL.
  const std::size_t most = (shape.bits + 7) / 8;
  if (spec.salt_length.value_or(0) > most) {
    return fail(Errc::invalid_argument, "a salt of " + std::to_string(*spec.salt_length) +
                                            " octets does not fit a key of " +
                                            std::to_string(shape.bits) + " bits");
  }
  return {};
}

Result<void> check_raw(const KeyShape& shape, const SignSpec& spec, BytesView input) {
  if (shape.type != KeyType::rsa || shape.rsa_pss_only) return wrong_key(shape, "raw RSA");
  if (spec.input != SignInput::raw) return wrong_input("raw RSA");
  const std::size_t modulus = (shape.bits + 7) / 8;
  if (input.size() != modulus) {
    return fail(Errc::invalid_argument, "raw RSA needs " + std::to_string(modulus) +
                                            " octets, got " + std::to_string(input.size()));
  }
  return {};
}

Result<void> check_ecdsa(const KeyShape& shape, const SignSpec& spec) {
  if (shape.type != KeyType::ec) return wrong_key(shape, "ECDSA signatures");
  const bool complete = spec.input == SignInput::digest ||
                        (spec.input == SignInput::message && spec.digest != Digest::none);
  if (!complete) return wrong_input("ECDSA");
  return {};
}

Result<void> check_eddsa(const KeyShape& shape, const SignSpec& spec) {
  if (shape.type != KeyType::ed25519 && shape.type != KeyType::ed448) {
    return wrong_key(shape, "EdDSA signatures");
  }
  if (spec.input != SignInput::message || spec.digest != Digest::none) return wrong_input("EdDSA");
  return {};
}

Result<void> check_algorithm(const KeyShape& shape, const SignSpec& spec, BytesView input) {
  switch (spec.algorithm) {
    case SignAlgorithm::rsa_pkcs1:
      return check_pkcs1(shape, spec);
    case SignAlgorithm::rsa_pss:
      return check_pss(shape, spec);
    case SignAlgorithm::rsa_raw:
      return check_raw(shape, spec, input);
    case SignAlgorithm::ecdsa:
      return check_ecdsa(shape, spec);
    case SignAlgorithm::eddsa:
      return check_eddsa(shape, spec);
  }
  return fail(Errc::invalid_argument, "unknown signature algorithm");
}

}  // namespace

Result<void> check_sign_spec(const KeyShape& shape, const SignSpec& spec, BytesView input) {
  if (auto fits = check_algorithm(shape, spec, input); !fits) return fits;
  const bool sized = spec.input == SignInput::digest && spec.digest != Digest::none;
  if (sized && input.size() != digest_size(spec.digest)) {
    return fail(Errc::invalid_argument, "a " + std::string(openssl_name(spec.digest)) +
                                            " digest has " +
                                            std::to_string(digest_size(spec.digest)) +
                                            " octets, got " + std::to_string(input.size()));
  }
  if (!spec.context.empty() && spec.algorithm != SignAlgorithm::eddsa) {
    return fail(Errc::invalid_argument, "only EdDSA signatures take a context");
  }
  return {};
}

Digest effective_mgf_digest(const SignSpec& spec) noexcept {
  return spec.mgf_digest == Digest::none ? spec.digest : spec.mgf_digest;
}

unsigned effective_salt_length(const SignSpec& spec) noexcept {
  return spec.salt_length.value_or(static_cast<unsigned>(digest_size(spec.digest)));
}

EvpParams::EvpParams(const SignSpec& spec) {
  params_.fill(OSSL_PARAM_construct_end());
  const bool named = hashes(spec) && spec.digest != Digest::none;
  if (named) add_text(OSSL_SIGNATURE_PARAM_DIGEST, openssl_name(spec.digest));
  if (spec.algorithm == SignAlgorithm::rsa_pkcs1) {
    add_text(OSSL_SIGNATURE_PARAM_PAD_MODE, OSSL_PKEY_RSA_PAD_MODE_PKCSV15);
  } else if (spec.algorithm == SignAlgorithm::rsa_raw) {
    add_text(OSSL_SIGNATURE_PARAM_PAD_MODE, OSSL_PKEY_RSA_PAD_MODE_NONE);
  } else if (spec.algorithm == SignAlgorithm::rsa_pss) {
    add_text(OSSL_SIGNATURE_PARAM_PAD_MODE, OSSL_PKEY_RSA_PAD_MODE_PSS);
    add_text(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, openssl_name(effective_mgf_digest(spec)));
    salt_length_ = static_cast<int>(effective_salt_length(spec));
    params_[count_++] = OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, &salt_length_);
  }
}

EvpParams::EvpParams(const DecryptSpec& spec) {
  params_.fill(OSSL_PARAM_construct_end());
  if (spec.encryption == Encryption::rsa_pkcs1) {
    add_text(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, OSSL_PKEY_RSA_PAD_MODE_PKCSV15);
  } else if (spec.encryption == Encryption::rsa_raw) {
    add_text(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, OSSL_PKEY_RSA_PAD_MODE_NONE);
  } else {
    const auto mgf = spec.mgf_digest == Digest::none ? spec.digest : spec.mgf_digest;
    add_text(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, OSSL_PKEY_RSA_PAD_MODE_OAEP);
    add_text(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, openssl_name(spec.digest));
    add_text(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, openssl_name(mgf));
    if (spec.label.empty()) return;
    params_[count_++] = OSSL_PARAM_construct_octet_string(
        OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, const_cast<std::uint8_t*>(spec.label.data()),
        spec.label.size());
  }
}

// Names are literals of our own tables: they end in NUL and outlive everything. OpenSSL only
// reads what it is given to set.
void EvpParams::add_text(const char* name, std::string_view value) {
  params_[count_++] =
      OSSL_PARAM_construct_utf8_string(name, const_cast<char*>(value.data()), value.size());
}

BytesView signed_octets(const SignSpec& spec, BytesView input, Bytes& buffer) {
  if (spec.input != SignInput::message || spec.algorithm == SignAlgorithm::eddsa) return input;
  buffer = hash(spec.digest, input);
  return buffer;
}

}  // namespace keystore
