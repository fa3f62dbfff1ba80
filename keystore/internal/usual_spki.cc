#include "keystore/internal/usual_spki.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>

#include "keystore/internal/der.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/internal/per_process.h"

namespace keystore {
namespace {

// Contents of AlgorithmIdentifiers: rsaEncryption with NULL (RFC 8017, A.1), id-ecPublicKey with a
// curve (RFC 5480, 2.1.1), the curves of RFC 8410, 3.
constexpr std::array<std::uint8_t, 13> rsa = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                              0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
constexpr std::array<std::uint8_t, 9> ec = {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
constexpr std::array<std::uint8_t, 10> p256 = {0x06, 0x08, 0x2a, 0x86, 0x48,
                                               0xce, 0x3d, 0x03, 0x01, 0x07};
constexpr std::array<std::uint8_t, 7> p384 = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
constexpr std::array<std::uint8_t, 7> p521 = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23};

struct Curve {
  BytesView oid;
  int nid;
  unsigned bits;
  const char* name;
};
constexpr std::array curves = {Curve{p256, NID_X9_62_prime256v1, 256, "P-256"},
                               Curve{p384, NID_secp384r1, 384, "P-384"},
                               Curve{p521, NID_secp521r1, 521, "P-521"}};

struct RawKind {
  std::array<std::uint8_t, 5> oid;
  KeyType type;
  unsigned bits;
  std::size_t size;
};
constexpr std::array raw_kinds = {
    RawKind{{0x06, 0x03, 0x2b, 0x65, 0x70}, KeyType::ed25519, 256, 32},
    RawKind{{0x06, 0x03, 0x2b, 0x65, 0x71}, KeyType::ed448, 456, 57},
    RawKind{{0x06, 0x03, 0x2b, 0x65, 0x6e}, KeyType::x25519, 253, 32},
    RawKind{{0x06, 0x03, 0x2b, 0x65, 0x6f}, KeyType::x448, 448, 56}};

/// One process's curves, each made when first met. Nothing in them changes afterwards.
class Groups {
 public:
  const EC_GROUP* of(std::size_t curve) {
    auto& place = groups_[curve];
    if (const auto* made = place.load(std::memory_order_acquire)) return made;
    EcGroupPtr fresh(EC_GROUP_new_by_curve_name_ex(private_lib_ctx(), nullptr, curves[curve].nid));
    const EC_GROUP* none = nullptr;
    if (!place.compare_exchange_strong(none, fresh.get(), std::memory_order_acq_rel)) return none;
    return fresh.release();
  }

 private:
  std::array<std::atomic<const EC_GROUP*>, curves.size()> groups_ = {};
};
constinit PerProcess<Groups> groups;

bool is_on_curve(BytesView point, std::size_t curve) {
  constexpr std::uint8_t uncompressed = 0x04;
  if (point.empty() || point.front() != uncompressed) return false;
  const OpensslErrorMark mark;
  const auto* group = groups.get().of(curve);
  if (group == nullptr) return false;
  const EcPointPtr parsed(EC_POINT_new(group));
  return parsed != nullptr &&
         EC_POINT_oct2point(group, parsed.get(), point.data(), point.size(), nullptr) == 1;
}

std::optional<KeyShape> ec_shape(BytesView oid, BytesView point) {
  for (std::size_t i = 0; i < curves.size(); ++i) {
    if (!std::ranges::equal(curves[i].oid, oid)) continue;
    if (!is_on_curve(point, i)) return std::nullopt;
    return KeyShape{.type = KeyType::ec, .bits = curves[i].bits, .curve = curves[i].name};
  }
  return std::nullopt;
}

/// The bits of a positive INTEGER in its shortest form; 0 for any other.
std::size_t positive_bits(BytesView content) {
  constexpr std::uint8_t sign_bit = 0x80;
  if (content.empty() || (content.front() & sign_bit) != 0) return 0;
  if (content.front() == 0) {
    content = content.subspan(1);
    if (content.empty() || (content.front() & sign_bit) == 0) return 0;
  }
  return (content.size() - 1) * 8 + static_cast<std::size_t>(std::bit_width(content.front()));
}

std::optional<KeyShape> rsa_shape(BytesView key) {
  constexpr std::size_t fewest_bits = 512;
  constexpr std::size_t most_bits = 16384;
  const auto body = der_content(key, der_tag::sequence);
  if (!body) return std::nullopt;
  DerReader reader(*body);
  const auto modulus = reader.next(der_tag::integer);
  const auto exponent = reader.next(der_tag::integer);
  if (!modulus || !exponent || !reader.at_end()) return std::nullopt;
  const auto bits = positive_bits(*modulus);
  if (bits < fewest_bits || bits > most_bits || positive_bits(*exponent) == 0) return std::nullopt;
  return KeyShape{.type = KeyType::rsa, .bits = static_cast<unsigned>(bits)};
}

}  // namespace

std::optional<KeyShape> shape_of_usual(BytesView spki) {
  const auto body = der_content(spki, der_tag::sequence);
  if (!body) return std::nullopt;
  DerReader reader(*body);
  const auto algorithm = reader.next(der_tag::sequence);
  const auto bits = reader.next(der_tag::bit_string);
  if (!algorithm || !bits || bits->empty() || bits->front() != 0 || !reader.at_end()) {
    return std::nullopt;
  }
  const auto key = bits->subspan(1);
  if (std::ranges::equal(*algorithm, rsa)) return rsa_shape(key);
  if (algorithm->size() > ec.size() && std::ranges::equal(algorithm->first(ec.size()), ec)) {
    return ec_shape(algorithm->subspan(ec.size()), key);
  }
  for (const auto& kind : raw_kinds) {
    if (std::ranges::equal(*algorithm, kind.oid) && key.size() == kind.size) {
      return KeyShape{.type = kind.type, .bits = kind.bits};
    }
  }
  return std::nullopt;
}

}  // namespace keystore
