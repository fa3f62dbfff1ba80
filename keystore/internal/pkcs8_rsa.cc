#include "keystore/internal/pkcs8_rsa.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>
#include <optional>

#include "keystore/internal/der.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/secret.h"

namespace keystore {
namespace {

/// In the order of RSAPrivateKey.
enum Part : std::size_t { n, e, d, p, q, dp, dq, qi, part_count };

constexpr std::array<const char*, part_count> param_names = {
    OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,           OSSL_PKEY_PARAM_RSA_D,
    OSSL_PKEY_PARAM_RSA_FACTOR1,   OSSL_PKEY_PARAM_RSA_FACTOR2,     OSSL_PKEY_PARAM_RSA_EXPONENT1,
    OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1};

constexpr std::size_t max_modulus_octets = 16384 / 8 + 1;

using Parts = std::array<BytesView, part_count>;
using Numbers = std::array<BnPtr, part_count>;

/// Positive INTEGERs of a sensible size; empty where it is something else.
std::optional<Parts> split(DerReader& reader) {
  Parts parts;
  for (auto& part : parts) {
    const auto content = reader.next(der_tag::integer);
    const bool positive = content && !content->empty() && (content->front() & 0x80U) == 0;
    if (!positive || content->size() > max_modulus_octets) return {};
    part = *content;
  }
  return parts;
}

std::optional<Numbers> numbers_of(const Parts& parts) {
  Numbers numbers;
  for (std::size_t i = 0; i < part_count; ++i) {
    numbers[i].reset(BN_secure_new());
    if (numbers[i] == nullptr) return {};
    BN_bin2bn(parts[i].data(), static_cast<int>(parts[i].size()), numbers[i].get());
    BN_set_flags(numbers[i].get(), BN_FLG_CONSTTIME);
  }
  return numbers;
}

/// A factor with the numbers beside it.
struct Candidate {
  explicit Candidate(const BIGNUM* number)
      : prime(number), less_one(BN_dup(number)), base(BN_dup(number)), power(BN_secure_new()) {}

  /// Large enough, and with its numbers.
  bool is_ready() const {
    return less_one != nullptr && base != nullptr && power != nullptr && BN_is_odd(prime) &&
           BN_num_bits(prime) > 16 && BN_sub_word(less_one.get(), 1) == 1 &&
           BN_sub_word(base.get(), 2) == 1;
  }

  const BIGNUM* prime;
  BnPtr less_one;
  BnPtr base;  ///< -2: as wide as the prime, which OpenSSL's fast code asks for
  BnPtr power;
};

/// Fermat's test to the base 2 (-2 is the same: the exponent is even): passes every prime and no
/// composite by accident. Both at once take half the time of one after the other, that of a
/// signature.
bool look_prime(const Candidate& p, const Candidate& q, BN_CTX* ctx) {
  return BN_mod_exp_mont_consttime_x2(p.power.get(), p.base.get(), p.less_one.get(), p.prime,
                                      nullptr, q.power.get(), q.base.get(), q.less_one.get(),
                                      q.prime, nullptr, ctx) == 1 &&
         BN_is_one(p.power.get()) && BN_is_one(q.power.get());
}

/// The equations between the parts of a key (RFC 8017, 3.2): no part can be damaged without one of
/// them failing. Cheaper than OpenSSL's check, which looks for proofs of primality as well and
/// takes up to 200 ms.
class RsaCheck {
 public:
  explicit RsaCheck(const Numbers& numbers)
      : numbers_(numbers),
        ctx_(BN_CTX_secure_new_ex(private_lib_ctx())),
        scratch_(BN_secure_new()) {}

  bool passes() const {
    const Candidate first(bn(p));
    const Candidate second(bn(q));
    return ctx_ != nullptr && first.is_ready() && second.is_ready() && product_is(p, q, n) &&
           exponents_fit(first, dp) && exponents_fit(second, dq) && inverse_is(qi, q, first.prime);
  }

 private:
  bool product_is(Part a, Part b, Part product) const {
    return BN_mul(scratch_.get(), bn(a), bn(b), ctx_.get()) == 1 &&
           BN_cmp(scratch_.get(), bn(product)) == 0;
  }

  /// a·b = 1 (mod modulus)
  bool inverse_is(Part a, Part b, const BIGNUM* modulus) const {
    return BN_mod_mul(scratch_.get(), bn(a), bn(b), modulus, ctx_.get()) == 1 &&
           BN_is_one(scratch_.get());
  }

  bool exponents_fit(const Candidate& side, Part exponent) const {
    return inverse_is(d, e, side.less_one.get()) && inverse_is(exponent, e, side.less_one.get());
  }

  const BIGNUM* bn(Part part) const { return numbers_[part].get(); }

  const Numbers& numbers_;
  BnCtxPtr ctx_;
  BnPtr scratch_;
};

EvpPkeyPtr make_rsa(const Parts& parts) {
  std::array<Secret, part_count> native;
  std::array<OSSL_PARAM, part_count + 1> params;
  for (std::size_t i = 0; i < part_count; ++i) {
    native[i] = Secret::copy_of(parts[i]);
    std::ranges::reverse(native[i].writable());  // OSSL_PARAM numbers are little-endian here
    params[i] =
        OSSL_PARAM_construct_BN(param_names[i], native[i].writable().data(), native[i].size());
  }
  params.back() = OSSL_PARAM_construct_end();
  return pkey_from_params("RSA", params.data());
}

/// What follows the version of a key with two primes. Errors: malformed; unsupported for more.
Result<Parts> read_parts(BytesView der) {
  const auto malformed = [] {
    return Failure(error_from_openssl(Errc::malformed, "the RSA private key is malformed"));
  };
  const auto body = der_content(der, der_tag::sequence);
  if (!body) return malformed();
  DerReader reader(*body);
  const auto version = reader.next(der_tag::integer);
  if (version && der_integer(*version) == 1U) {
    return fail(Errc::unsupported, "RSA keys with more than two primes are not supported");
  }
  if (!version || der_integer(*version) != 0U) return malformed();
  const auto parts = split(reader);
  if (!parts || !reader.at_end()) return malformed();
  return *parts;
}

}  // namespace

Result<EvpPkeyPtr> decode_rsa(BytesView der) {
  const auto malformed = [](const char* what) {
    return Failure(error_from_openssl(Errc::malformed, what));
  };
  const auto parts = read_parts(der);
  if (!parts) return Failure(parts.error());
  const auto numbers = numbers_of(*parts);
  if (!numbers || !RsaCheck(*numbers).passes()) {
    return malformed("the parts of the RSA private key do not belong together");
  }
  auto pkey = make_rsa(*parts);
  if (pkey == nullptr) return malformed("the RSA private key is malformed");
  return pkey;
}

bool has_prime_factors(BytesView der) {
  const auto parts = read_parts(der);
  const auto numbers = parts ? numbers_of(*parts) : std::nullopt;
  const BnCtxPtr ctx(BN_CTX_secure_new_ex(private_lib_ctx()));
  if (!numbers || ctx == nullptr) return false;
  const Candidate first((*numbers)[p].get());
  const Candidate second((*numbers)[q].get());
  return first.is_ready() && second.is_ready() && look_prime(first, second, ctx.get());
}

EvpPkeyPtr pkey_from_params(const char* type, OSSL_PARAM* params) {
  const EvpPkeyCtxPtr ctx(EVP_PKEY_CTX_new_from_name(private_lib_ctx(), type, nullptr));
  EVP_PKEY* made = nullptr;
  if (ctx == nullptr || EVP_PKEY_fromdata_init(ctx.get()) != 1 ||
      EVP_PKEY_fromdata(ctx.get(), &made, EVP_PKEY_KEYPAIR, params) != 1) {
    return nullptr;
  }
  return EvpPkeyPtr(made);
}

}  // namespace keystore
