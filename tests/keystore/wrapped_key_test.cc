// The file that holds a wrapped key.
#include "keystore/wrapped_key.h"

#include <gmock/gmock.h>

#include "keystore/internal/der.h"
#include "keystore/internal/software_key.h"

namespace keystore {
namespace {

using ::testing::HasSubstr;

PublicKey some_public_key() {
  auto pkcs8 = generate_software_key({.type = KeyType::ec, .curve = "P-256"}).value();
  const auto key = make_software_key(std::move(pkcs8), Entry{.uri = Uri::from_path("/x")});
  return *key.value()->entry().public_key;
}

WrappedKey sample() {
  static const auto public_key = some_public_key();
  return {WrapMechanism::aes_kwp,
          Uri::parse("pkcs11:token=t;object=backup;type=secret-key").value(),
          public_key,
          "web",
          {1, 2},
          {9, 8, 7, 6}};
}

/// With octets appended to the outermost SEQUENCE.
Bytes with_tail(const WrappedKey& key, const Bytes& tail) {
  const auto der = key.to_der();
  const auto body = der_content(der, der_tag::sequence).value();
  Bytes content(body.begin(), body.end());
  content.insert(content.end(), tail.begin(), tail.end());
  Bytes out;
  append_der(out, der_tag::sequence, content);
  return out;
}

TEST(WrappedKeyFile, KeepsEveryPart) {
  const auto key = sample();
  const auto read = WrappedKey::parse_pem("what it is\n" + key.to_pem());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->mechanism, key.mechanism);
  EXPECT_EQ(read->wrapping_key, key.wrapping_key);
  EXPECT_EQ(read->public_key, key.public_key);
  EXPECT_EQ(read->label, key.label);
  EXPECT_EQ(read->id, key.id);
  EXPECT_EQ(read->wrapped, key.wrapped);
}

TEST(WrappedKeyFile, HoldsNoPin) {
  auto key = sample();
  key.wrapping_key = Uri::parse("pkcs11:token=t?pin-value=geheim&pin-source=file:/etc/pin").value();
  const auto read = WrappedKey::parse(key.to_der());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->wrapping_key.canonical_with_pin_source(), "pkcs11:token=t");
}

TEST(WrappedKeyFile, LeavesRoomForVersionsToCome) {
  EXPECT_TRUE(WrappedKey::parse(with_tail(sample(), {0x80, 1, 7})));
  EXPECT_EQ(WrappedKey::parse(with_tail(sample(), {0x04, 1, 7})).error().code, Errc::malformed);
}

TEST(WrappedKeyFile, RefusesWhatItDoesNotKnow) {
  auto der = sample().to_der();
  const auto body_at = der.size() - der_content(der, der_tag::sequence)->size();
  const auto version_at = body_at + 2;
  const auto mechanism_at = body_at + 6;  // the second octet of 0x210B
  der[version_at] = 2;
  EXPECT_EQ(WrappedKey::parse(der).error().code, Errc::unsupported);
  der[version_at] = 1;
  ASSERT_EQ(der[mechanism_at], 0x0B);
  der[mechanism_at] = 0x55;
  const auto refused = WrappedKey::parse(der);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("mechanism"));
}

TEST(WrappedKeyFile, RefusesWhatIsCutOff) {
  const auto der = sample().to_der();
  for (std::size_t size = 0; size < der.size(); ++size) {
    EXPECT_EQ(WrappedKey::parse(BytesView(der).first(size)).error().code, Errc::malformed) << size;
  }
}

TEST(WrappedKeyFile, RefusesAWrappingKeyThatIsNoneOfAToken) {
  auto key = sample();
  key.wrapping_key = Uri::from_path("/etc/key");
  EXPECT_EQ(WrappedKey::parse(key.to_der()).error().code, Errc::malformed);
}

}  // namespace
}  // namespace keystore
