#include "bindings/openssl/x509/issue.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "keystore/store.h"
#include "tests/support/workspace.h"

namespace keystore::openssl {
namespace {

using namespace std::chrono;

constexpr sys_seconds now = sys_days(2026y / June / 1);

class X509 : public ::testing::Test {
 protected:
  Key make_key(const char* name, const char* type) {
    auto store = keystore::open((workspace_ / name).string(), {.create = true});
    return store->generator()->generate_key(KeySpec::parse(type).value(), {}).value();
  }

  Identity make_ca() {
    auto key = make_key("ca.pem", "ec:p256");
    const IssueSpec spec = {.holder = {.subject = "CN=CA"},
                            .purpose = Purpose::ca,
                            .not_before = now,
                            .not_after = now + days(100)};
    auto certificate = self_sign(key, spec).value();
    return Identity::create(key, certificate, {}).value();
  }

  testing::Workspace workspace_;
};

IssueSpec server_for(sys_days::duration time) {
  return {.purpose = Purpose::server, .not_before = now, .not_after = now + time};
}

TEST_F(X509, EveryKeyTypeSignsWhatItsKeyVerifies) {
  const auto ca = make_ca();
  for (const auto* type : {"rsa:2048", "ec:p256", "ec:p384", "ec:p521", "ed25519", "ed448"}) {
    const auto key = make_key((std::string(type) + ".pem").c_str(), type);
    const auto request = make_request(key, {.subject = "/O=Example/CN=web.example"});
    ASSERT_TRUE(request) << type << ": " << request.error().message;
    const auto certificate = issue(ca, *request, server_for(days(10)));
    ASSERT_TRUE(certificate) << type << ": " << certificate.error().message;
    EXPECT_EQ(certificate->subject(), "CN=web.example,O=Example");
    EXPECT_EQ(certificate->names(), std::vector<std::string>{"dns:web.example"});
    EXPECT_EQ(certificate->public_key().value(), *key.public_key());
  }
}

TEST_F(X509, RefusesARequestThatWasChanged) {
  const auto ca = make_ca();
  auto request = make_request(make_key("web.pem", "ec:p256"), {.subject = "CN=web"}).value();
  const auto name = as_bytes("web");
  const auto at = std::search(request.begin(), request.end(), name.begin(), name.end());
  ASSERT_NE(at, request.end());
  *at = 'x';
  const auto certificate = issue(ca, request, server_for(days(10)));
  ASSERT_FALSE(certificate);
  EXPECT_EQ(certificate.error().code, Errc::malformed);
}

TEST_F(X509, RefusesGarbageAndTruncatedRequests) {
  const auto ca = make_ca();
  const auto request = make_request(make_key("web.pem", "ec:p256"), {.subject = "CN=web"}).value();
  for (std::size_t size = 0; size < request.size(); ++size) {
    const auto part = issue(ca, BytesView(request).first(size), server_for(days(10)));
    ASSERT_FALSE(part) << size;
    EXPECT_EQ(part.error().code, Errc::malformed) << size;
  }
}

TEST_F(X509, EndsWithItsIssuerAtTheLatest) {
  const auto ca = make_ca();
  const auto request = make_request(make_key("web.pem", "ec:p256"), {.subject = "CN=web"}).value();
  EXPECT_TRUE(issue(ca, request, server_for(days(100))));
  const auto late = issue(ca, request, server_for(days(101)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::invalid_argument);
}

TEST_F(X509, LeafIssuesNothing) {
  const auto ca = make_ca();
  const auto key = make_key("web.pem", "ec:p256");
  const auto request = make_request(key, {.subject = "CN=web"}).value();
  const auto leaf = issue(ca, request, server_for(days(10))).value();
  const auto identity = Identity::create(key, leaf, {}).value();
  const auto refused = issue(identity, request, server_for(days(5)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
}

TEST_F(X509, SerialsDiffer) {
  const auto ca = make_ca();
  const auto request = make_request(make_key("web.pem", "ec:p256"), {.subject = "CN=web"}).value();
  EXPECT_NE(issue(ca, request, server_for(days(1)))->serial(),
            issue(ca, request, server_for(days(1)))->serial());
}

TEST_F(X509, RenewalKeepsTheSubjectOctetForOctet) {
  const auto key = make_key("web.pem", "ed25519");
  const IssueSpec spec = {.holder = {.subject = R"(/O=A\/B, Ltd/CN=w\+b+UID=7)",
                                     .names = {"dns:a.example", "ip:2001:db8::1"}},
                          .not_before = now,
                          .not_after = now + days(5)};
  const auto old = self_sign(key, spec).value();
  const IssueSpec again = {
      .holder = renewal_of(old), .not_before = now, .not_after = now + days(9)};
  const auto renewed = self_sign(key, again).value();
  EXPECT_EQ(renewed.subject_der(), old.subject_der());
  EXPECT_EQ(renewed.names(), old.names());
}

}  // namespace
}  // namespace keystore::openssl
