#include "backends/pkcs11/rsa_padding.h"

#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::pkcs11 {
namespace {

/// What stands before the digest in a DigestInfo.
BytesView digest_info_prefix(Digest digest) {
  static constexpr std::uint8_t sha1[] = {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e,
                                          0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14};
  // SHA-2 and SHA-3 differ in the last arc of the OID and in two lengths (FIPS 180-4, 202).
#define KEYSTORE_NIST_PREFIX(name, arc, size)                                                \
  static constexpr std::uint8_t name[] = {0x30, 0x11 + (size), 0x30, 0x0d, 0x06, 0x09, 0x60, \
                                          0x86, 0x48,          0x01, 0x65, 0x03, 0x04, 0x02, \
                                          arc,  0x05,          0x00, 0x04, size}
  KEYSTORE_NIST_PREFIX(sha256, 1, 32);
  KEYSTORE_NIST_PREFIX(sha384, 2, 48);
  KEYSTORE_NIST_PREFIX(sha512, 3, 64);
  KEYSTORE_NIST_PREFIX(sha224, 4, 28);
  KEYSTORE_NIST_PREFIX(sha512_224, 5, 28);
  KEYSTORE_NIST_PREFIX(sha512_256, 6, 32);
  KEYSTORE_NIST_PREFIX(sha3_224, 7, 28);
  KEYSTORE_NIST_PREFIX(sha3_256, 8, 32);
  KEYSTORE_NIST_PREFIX(sha3_384, 9, 48);
  KEYSTORE_NIST_PREFIX(sha3_512, 10, 64);
#undef KEYSTORE_NIST_PREFIX
  switch (digest) {
    case Digest::none:
      return {};
    case Digest::sha1:
      return sha1;
    case Digest::sha224:
      return sha224;
    case Digest::sha256:
      return sha256;
    case Digest::sha384:
      return sha384;
    case Digest::sha512:
      return sha512;
    case Digest::sha3_224:
      return sha3_224;
    case Digest::sha3_256:
      return sha3_256;
    case Digest::sha3_384:
      return sha3_384;
    case Digest::sha3_512:
      return sha3_512;
    case Digest::sha512_224:
      return sha512_224;
    case Digest::sha512_256:
      return sha512_256;
  }
  return {};
}

/// MGF1 (RFC 8017, B.2.1), XORed over `data`.
void mask(Digest digest, BytesView seed, std::span<std::uint8_t> data) {
  Bytes input(seed.begin(), seed.end());
  input.resize(seed.size() + 4);
  std::size_t done = 0;
  for (std::uint32_t counter = 0; done < data.size(); ++counter) {
    for (unsigned i = 0; i < 4; ++i) {
      input[seed.size() + i] = static_cast<std::uint8_t>(counter >> (24 - 8 * i));
    }
    for (const auto octet : hash(digest, input)) {
      if (done == data.size()) break;
      data[done++] ^= octet;
    }
  }
}

Failure too_short() {
  return fail(Errc::invalid_argument, "the RSA key is too short for this digest and padding");
}

EvpMdPtr fetch(Digest digest) {
  return EvpMdPtr(
      EVP_MD_fetch(private_lib_ctx(), std::string(openssl_name(digest)).c_str(), nullptr));
}

}  // namespace

Bytes digest_info(Digest digest, BytesView value) {
  const auto prefix = digest_info_prefix(digest);
  if (prefix.empty()) return {};
  Bytes info(prefix.begin(), prefix.end());
  info.insert(info.end(), value.begin(), value.end());
  return info;
}

Result<Bytes> pad_pkcs1_signature(BytesView content, std::size_t modulus_size) {
  if (content.size() + 11 > modulus_size) return too_short();
  Bytes padded(modulus_size, 0xff);
  padded[0] = 0x00;
  padded[1] = 0x01;
  const auto start = modulus_size - content.size();
  padded[start - 1] = 0x00;
  std::ranges::copy(content, padded.begin() + static_cast<std::ptrdiff_t>(start));
  return padded;
}

Result<Bytes> pad_pss(const SignSpec& spec, BytesView digest, unsigned modulus_bits) {
  const auto hash_size = digest_size(spec.digest);
  const std::size_t salt_size = spec.salt_length.value_or(static_cast<unsigned>(hash_size));
  if (modulus_bits == 0) return too_short();  // a key that does not show its modulus
  const std::size_t bits = modulus_bits - 1;  // emBits
  const std::size_t size = (bits + 7) / 8;
  if (hash_size == 0 || size < hash_size + salt_size + 2) return too_short();
  Bytes salt(salt_size);
  if (RAND_bytes_ex(private_lib_ctx(), salt.data(), salt.size(), 0) != 1) {
    return fail(Errc::internal, "no random salt");
  }
  Bytes content(8);
  content.insert(content.end(), digest.begin(), digest.end());
  content.insert(content.end(), salt.begin(), salt.end());
  const auto h = hash(spec.digest, content);
  const std::size_t block_size = size - hash_size - 1;
  Bytes encoded(block_size);
  encoded[block_size - salt_size - 1] = 0x01;
  std::ranges::copy(salt, encoded.end() - static_cast<std::ptrdiff_t>(salt_size));
  mask(spec.mgf_digest == Digest::none ? spec.digest : spec.mgf_digest, h, encoded);
  encoded[0] &= static_cast<std::uint8_t>(0xff >> (8 * size - bits));
  encoded.insert(encoded.end(), h.begin(), h.end());
  encoded.push_back(0xbc);
  const std::size_t modulus_size = (modulus_bits + 7) / 8;
  encoded.insert(encoded.begin(), modulus_size - size, 0);
  return encoded;
}

Result<Secret> unpad_oaep(const DecryptSpec& spec, BytesView padded, std::size_t modulus_size) {
  const OpensslErrorMark mark;
  const auto digest = fetch(spec.digest);
  const auto mgf = fetch(spec.mgf_digest == Digest::none ? spec.digest : spec.mgf_digest);
  if (digest == nullptr || mgf == nullptr) {
    return fail(Errc::unsupported, "OAEP with an unknown digest");
  }
  Secret out(modulus_size);
  const auto size = static_cast<int>(modulus_size);
// libcrypto's own check runs in constant time; its successor takes a key, which we do not have.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  const int got = RSA_padding_check_PKCS1_OAEP_mgf1(
      out.writable().data(), size, padded.data(), static_cast<int>(padded.size()), size,
      spec.label.data(), static_cast<int>(spec.label.size()), digest.get(), mgf.get());
#pragma GCC diagnostic pop
  if (got < 0) return fail(Errc::malformed, "the ciphertext does not decrypt");
  out.shrink(static_cast<std::size_t>(got));
  return out;
}

}  // namespace keystore::pkcs11
