// Which certificates are kept, and how many.
#include <gtest/gtest.h>

#include "keystore/file.h"
#include "keystore/verify/verify.h"
#include "tests/support/process.h"
#include "tests/support/workspace.h"

namespace keystore::verify {
namespace {

class AuthorityCacheTest : public ::testing::Test {
 protected:
  Certificate make(const std::string& extension) const {
    const auto path = (workspace_ / "made.pem").string();
    const auto done = keystore::testing::run({"openssl", "req", "-x509", "-newkey", "ec",
                                              "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                                              "-keyout", (workspace_ / "made.key").string(), "-out",
                                              path, "-subj", "/CN=made", "-addext", extension});
    EXPECT_TRUE(done.ok()) << done.text();
    return read_certificates(path, read_file(path).value().view()).value().front();
  }

  /// Certificates share what was decoded once.
  static bool is_kept(AuthorityCache& cache, const Certificate& certificate) {
    const auto first = cache.parse(certificate.der()).value();
    return &cache.parse(certificate.der()).value().parsed() == &first.parsed();
  }

 private:
  keystore::testing::Workspace workspace_;
};

TEST_F(AuthorityCacheTest, KeepsAuthoritiesAlone) {
  AuthorityCache cache;
  EXPECT_TRUE(is_kept(cache, make("basicConstraints=critical,CA:TRUE")));
  EXPECT_FALSE(is_kept(cache, make("basicConstraints=critical,CA:FALSE")));
}

TEST_F(AuthorityCacheTest, TellsCertificatesApartByEveryOctet) {
  AuthorityCache cache;
  const auto authority = make("basicConstraints=critical,CA:TRUE");
  EXPECT_TRUE(is_kept(cache, authority));
  auto der = authority.der();
  der.back() ^= 1;
  EXPECT_EQ(cache.parse(der).value().der(), der);
  der.push_back(0);
  EXPECT_EQ(cache.parse(der).error().code, Errc::malformed);
}

TEST_F(AuthorityCacheTest, ForgetsThoseThatWereNotAskedFor) {
  AuthorityCache cache;
  const auto authority = make("basicConstraints=critical,CA:TRUE");
  const auto often = cache.parse(authority.der()).value();
  auto other = authority.der();
  other.back() ^= 1;
  const auto once = cache.parse(other).value();
  for (unsigned i = 2; i < 1000; ++i) {
    auto der = authority.der();
    der[der.size() - 1] ^= static_cast<std::uint8_t>(i);
    der[der.size() - 2] ^= static_cast<std::uint8_t>(i >> 8);
    cache.parse(der).value();
    EXPECT_EQ(&cache.parse(authority.der()).value().parsed(), &often.parsed()) << i;
  }
  EXPECT_NE(&cache.parse(other).value().parsed(), &once.parsed());
}

}  // namespace
}  // namespace keystore::verify
