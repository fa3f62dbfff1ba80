// What Botan says of paths that OpenSSL was not asked about.
#include "keystore/verify/internal/second_opinion.h"

#include <gtest/gtest.h>

#include "keystore/file.h"
#include "tests/support/process.h"
#include "tests/support/workspace.h"

namespace keystore::verify {
namespace {

class SecondOpinionTest : public ::testing::Test {
 protected:
  /// A root and a server certificate of it, for www.example.org.
  void SetUp() override {
    openssl({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path("root.key"), "-out",
             path("root.pem"), "-subj", "/CN=Root", "-days", "30"});
    openssl({"req",
             "-x509",
             "-CA",
             path("root.pem"),
             "-CAkey",
             path("root.key"),
             "-newkey",
             "rsa:2048",
             "-nodes",
             "-keyout",
             path("web.key"),
             "-out",
             path("web.pem"),
             "-subj",
             "/CN=web",
             "-days",
             "20",
             "-addext",
             "subjectAltName=DNS:www.example.org",
             "-addext",
             "basicConstraints=critical,CA:FALSE"});
  }

  std::string path(const std::string& name) const { return (workspace_ / name).string(); }

  static void openssl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    const auto done = keystore::testing::run(arguments);
    ASSERT_TRUE(done.ok()) << done.text();
  }

  MemberPtr member(const std::string& name) const {
    const auto file = read_file(path(name)).value();
    return std::make_shared<const Member>(read_certificates(name, file.view()).value().front());
  }

  /// The server's certificate with another last octet of its signature.
  MemberPtr forged() const {
    auto der = member("web.pem")->der();
    der.back() ^= 1;
    return std::make_shared<const Member>(Certificate::parse(der).value());
  }

  BotanAnswer ask(const VerifyOptions& options, std::chrono::days later = {}) const {
    return ask(member("web.pem"), options, later);
  }

  BotanAnswer ask(const MemberPtr& target, const VerifyOptions& options,
                  std::chrono::days later = {}) const {
    const CandidatePath candidate{{target, member("root.pem")}, {false, true}};
    const auto at = candidate.target().certificate().not_before() + std::chrono::hours(1) + later;
    return ask_botan({.path = candidate, .options = options, .purpose = Purpose::server, .at = at});
  }

 private:
  keystore::testing::Workspace workspace_;
};

TEST_F(SecondOpinionTest, AgreesWithGoodPaths) {
  const auto answer = ask({.host = "www.example.org"});
  EXPECT_EQ(answer.opinion.verdict, Opinion::agrees) << answer.opinion.reason;
  EXPECT_FALSE(answer.vetoes);
}

TEST_F(SecondOpinionTest, VetoesSignaturesTimesAndNames) {
  EXPECT_TRUE(ask(forged(), {}).vetoes);
  EXPECT_TRUE(ask(VerifyOptions{}, std::chrono::days(25)).vetoes);
  EXPECT_TRUE(ask(VerifyOptions{}, std::chrono::days(-2)).vetoes);
  EXPECT_TRUE(ask({.host = "mail.example.org"}).vetoes);
}

TEST_F(SecondOpinionTest, HasNoneOfWhatItDoesNotJudge) {
  for (const auto& options :
       {VerifyOptions{.policies = {"1.2.3"}}, VerifyOptions{.explicit_policy = true},
        VerifyOptions{.inhibit_policy_mapping = true}}) {
    const auto answer = ask(options);
    EXPECT_EQ(answer.opinion.verdict, Opinion::no_opinion);
    EXPECT_FALSE(answer.vetoes);
  }
  EXPECT_EQ(ask({.policies = {"2.5.29.32.0"}}).opinion.verdict, Opinion::agrees);
}

}  // namespace
}  // namespace keystore::verify
