#include "backends/pkcs11/public_half.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/backends/pem/data.h"

namespace keystore::pkcs11 {
namespace {

using testing::open_path;
using testing::test_file;

struct Curve {
  const char* file;
  Bytes params;
  std::size_t point_size;
};

// OIDs of RFC 5480, 2.1.1.1, and RFC 8410, 3.
const std::vector<Curve> curves = {
    {"ec-p-256.pem", {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, 65},
    {"ec-p-521.pem", {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23}, 133},
    {"ed25519.pem", {0x06, 0x03, 0x2b, 0x65, 0x70}, 32},
};

PublicKey public_key(const Curve& curve) {
  return *open_path(test_file(curve.file)).key().value().public_key();
}

Bytes point_of(const Curve& curve) {
  const auto spki = public_key(curve).spki();
  return {spki.end() - static_cast<std::ptrdiff_t>(curve.point_size), spki.end()};
}

std::optional<PublicKey> read(const Curve& curve, Bytes header, BytesView point) {
  Object object(CK_INVALID_HANDLE, CKO_PUBLIC_KEY);
  const CK_KEY_TYPE type = curve.point_size == 32 ? CKK_EC_EDWARDS : CKK_EC;
  Bytes number(sizeof type);
  std::memcpy(number.data(), &type, sizeof type);
  object.add(CKA_KEY_TYPE, number);
  object.add(CKA_EC_PARAMS, curve.params);
  header.insert(header.end(), point.begin(), point.end());
  object.add(CKA_EC_POINT, header);
  return own_public_key(object);
}

Bytes octet_string_header(std::size_t size) {
  const auto octet = static_cast<std::uint8_t>(size);
  return size < 128 ? Bytes{0x04, octet} : Bytes{0x04, 0x81, octet};
}

TEST(PublicHalf, ReadsPointsInAllEncodings) {
  for (const auto& curve : curves) {
    const auto point = point_of(curve);
    Bytes bit_string = octet_string_header(point.size() + 1);
    bit_string[0] = 0x03;
    bit_string.push_back(0);
    for (const auto& header : {octet_string_header(point.size()), Bytes{}, bit_string}) {
      EXPECT_EQ(read(curve, header, point), public_key(curve)) << curve.file << header.size();
    }
  }
}

TEST(PublicHalf, TakesNothingThatIsNoPointOfTheCurve) {
  for (const auto& curve : curves) {
    const auto point = point_of(curve);
    EXPECT_EQ(read(curve, {}, {}), std::nullopt);
    EXPECT_EQ(read(curve, {0x04}, {}), std::nullopt);
    EXPECT_EQ(read(curve, {0x04, 0x82, 0xff, 0xff}, point), std::nullopt);
    EXPECT_EQ(read(curve, octet_string_header(point.size() - 1), BytesView(point).first(20)),
              std::nullopt);
    if (curve.point_size == 32) continue;  // any 32 octets may be a point of Ed25519
    auto other = point;
    other.back() ^= 1;
    EXPECT_EQ(read(curve, octet_string_header(point.size()), other), std::nullopt) << curve.file;
  }
}

}  // namespace
}  // namespace keystore::pkcs11
