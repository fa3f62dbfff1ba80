// What is taken for known of a path, and that nothing else is.
#include "keystore/verify/internal/known_links.h"

#include <gtest/gtest.h>

#include "keystore/file.h"
#include "keystore/verify/verify.h"
#include "tests/support/process.h"
#include "tests/support/workspace.h"

namespace keystore::verify {
namespace {

class KnownLinksTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    workspace_ = std::make_unique<keystore::testing::Workspace>();
    make("root", "/CN=Root", "", {"basicConstraints=critical,CA:TRUE"});
    make("issuing", "/CN=Issuing", "root", {"basicConstraints=critical,CA:TRUE"});
    make("mute", "/CN=Mute", "root",
         {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,cRLSign"});
    for (const std::string issuer : {"issuing", "mute"}) {
      make("web-" + issuer, "/CN=web", issuer, {"basicConstraints=critical,CA:FALSE"});
    }
  }
  static void TearDownTestSuite() { workspace_.reset(); }

  static MemberPtr member(const std::string& name) {
    const auto file = read_file(path(name + ".pem")).value();
    return std::make_shared<const Member>(read_certificates(name, file.view()).value().front());
  }

  /// The same certificate with another last octet of its signature.
  static MemberPtr forged(const MemberPtr& member) {
    auto der = member->der();
    der.back() ^= 1;
    return std::make_shared<const Member>(Certificate::parse(der).value());
  }

  static CandidatePath path_of(const MemberPtr& target, const MemberPtr& issuer) {
    return {{target, issuer, member("root")}, {false, false, true}};
  }

  static std::chrono::sys_seconds now() { return member("web-mute")->certificate().not_before(); }

 private:
  static std::string path(const std::string& name) { return (*workspace_ / name).string(); }

  /// No issuer: self-signed.
  static void make(const std::string& name, const std::string& subject, const std::string& issuer,
                   const std::vector<std::string>& extensions) {
    std::vector<std::string> line = {"openssl",
                                     "req",
                                     "-x509",
                                     "-newkey",
                                     "ec",
                                     "-pkeyopt",
                                     "ec_paramgen_curve:P-256",
                                     "-nodes",
                                     "-keyout",
                                     path(name + ".key"),
                                     "-out",
                                     path(name + ".pem"),
                                     "-subj",
                                     subject,
                                     "-days",
                                     "30"};
    if (!issuer.empty()) {
      line.insert(line.end(), {"-CA", path(issuer + ".pem"), "-CAkey", path(issuer + ".key")});
    }
    for (const auto& extension : extensions) line.insert(line.end(), {"-addext", extension});
    const auto done = keystore::testing::run(line);
    ASSERT_TRUE(done.ok()) << done.text();
  }

  static inline std::unique_ptr<keystore::testing::Workspace> workspace_ = {};
};

TEST_F(KnownLinksTest, KnowsWhatWasAcceptedAndNothingElse) {
  const auto web = member("web-issuing");
  const auto issuing = member("issuing");
  EXPECT_FALSE(is_known_good(path_of(web, issuing), now() + std::chrono::hours(1)));
  note_accepted(path_of(web, issuing));
  EXPECT_TRUE(is_known_good(path_of(web, issuing), now() + std::chrono::hours(1)));
  EXPECT_FALSE(is_known_good(path_of(web, forged(issuing)), now() + std::chrono::hours(1)));
}

TEST_F(KnownLinksTest, LooksAtTheTargetEachTime) {
  const auto web = member("web-issuing");
  const auto issuing = member("issuing");
  note_accepted(path_of(web, issuing));
  EXPECT_FALSE(is_known_good(path_of(forged(web), issuing), now() + std::chrono::hours(1)));
  EXPECT_FALSE(is_known_good(path_of(member("web-mute"), issuing), now() + std::chrono::hours(1)));
}

TEST_F(KnownLinksTest, LooksAtTheTimeEachTime) {
  const auto path = path_of(member("web-issuing"), member("issuing"));
  note_accepted(path);
  EXPECT_FALSE(is_known_good(path, now() - std::chrono::hours(1)));
  EXPECT_FALSE(is_known_good(path, now() + std::chrono::days(31)));
}

TEST_F(KnownLinksTest, IssuersThatMayNotSignAreNotKnown) {
  const auto path = path_of(member("web-mute"), member("mute"));
  note_accepted(path);
  EXPECT_FALSE(is_known_good(path, now() + std::chrono::hours(1)));
}

TEST_F(KnownLinksTest, KeepsABoundedNumber) {
  const auto path = path_of(member("web-issuing"), member("issuing"));
  note_accepted(path);
  auto other = path;
  for (unsigned i = 1; i <= 1100; ++i) {
    auto der = path.members[1]->der();
    der[der.size() - 1] ^= static_cast<std::uint8_t>(i);
    der[der.size() - 2] ^= static_cast<std::uint8_t>(i >> 8);
    other.members[1] = std::make_shared<const Member>(Certificate::parse(der).value());
    note_accepted(other);
  }
  EXPECT_FALSE(is_known_good(path, now() + std::chrono::hours(1)));
}

}  // namespace
}  // namespace keystore::verify
