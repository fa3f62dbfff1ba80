#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/backends/pem/data.h"
#include "tests/conformance/openssl_command.h"
#include "tests/conformance/sign_in_child.h"
#include "tests/conformance/subject.h"
#include "tests/support/process.h"

// What is promised of tokens alone, kept on each kind.

namespace keystore::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class TokenPromises : public ::testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override {
    if (!can_run(kind())) return;
    token_ = &shared_token(kind());
    subject_ = make_token(kind());
  }

  const RealToken& kind() const { return real_token(GetParam()); }
  TokenFixture& token() { return *token_; }
  Subject& subject() { return *subject_; }
  /// The first kind of key that the token holds, put there.
  const KeyFile& put_any_key() {
    const auto* row = std::ranges::find_if(key_files, [&](const KeyFile& file) {
      return kind().lack(file.sign) == nullptr && subject().put_key(file.file);
    });
    if (row == key_files.end()) throw std::runtime_error("the token holds no key");
    return *row;
  }
  Outcome command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     std::string(std::getenv("KEYSTORE_BUILD")) + "/bin/keystore");
    return run(arguments, {.environment = {"KEYSTORE_CONFIG=" + configuration()}});
  }
  std::string configuration() const { return token_->keystore_configuration().string(); }

 private:
  TokenFixture* token_ = nullptr;
  std::unique_ptr<Subject> subject_;
};

TEST_P(TokenPromises, MakesKeysThatStayInsideAndRemovesThem) {
  for (const auto& file : key_files) {
    if (kind().lack(file.generate) != nullptr) continue;
    auto store = subject().store();
    const auto label = subject().label() + std::string(file.type);
    const auto key =
        store.generator()->generate_key(KeySpec::parse(file.type).value(), {.label = label});
    ASSERT_TRUE(key) << file.type << " " << why(key);
    EXPECT_FALSE(key->entry().extractable) << file.type;
    EXPECT_EQ(code_of(key->export_pkcs8(insecure_export_permit())), Errc::access_denied);
    const auto entries = store.find_entries({.label = label});
    ASSERT_THAT(entries->items, SizeIs(2)) << file.type;
    const auto found = store.key({.id = key->id()});
    ASSERT_TRUE(found) << file.type << " " << why(found);
    EXPECT_EQ(found->public_key(), key->public_key()) << file.type;
    const auto removed = store.remover()->remove(found->entry());
    EXPECT_TRUE(removed) << file.type << " " << why(removed);
    EXPECT_THAT(store.find_entries({.label = label})->items, IsEmpty()) << file.type;
  }
}

TEST_P(TokenPromises, HoldsNoKeyTwice) {
  const auto* row = std::ranges::find_if(
      key_files, [&](const KeyFile& file) { return kind().lack(file.import) == nullptr; });
  if (row == key_files.end()) GTEST_SKIP() << "CANNOT: it takes no keys";
  subject().put_key(row->file);
  const auto key = open_path(test_file(row->file)).key();
  const auto again = subject().store().importer()->import_key(
      *key->export_pkcs8(insecure_export_permit()), {.label = subject().label() + "again"});
  EXPECT_EQ(code_of(again), Errc::already_exists) << why(again);
}

TEST_P(TokenPromises, RefusesAWrongPinAndTakesTheRightOneAfterIt) {
  put_any_key();
  const Workspace workspace;
  const auto wrong = "file:" + workspace.write("pin", "no-such-pin").string();
  const auto refused = command({"ls", token().uri(), "--pin", wrong});
  EXPECT_EQ(refused.status, 4) << refused.text();
  EXPECT_NE(refused.err.find("PIN"), std::string::npos) << refused.text();
  EXPECT_EQ(refused.err.find("no-such-pin"), std::string::npos);
  const auto listed = command({"ls", token().uri(), "--pin", token().pin_source()});
  EXPECT_EQ(listed.status, 0) << listed.text();
  EXPECT_NE(listed.out.find(subject().label()), std::string::npos) << listed.text();
}

TEST_P(TokenPromises, OpensslSignsWithAReference) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the openssl command cannot load a provider built with a sanitizer";
#endif
  put_any_key();
  const Workspace workspace;
  const auto reference = (workspace / "key.pem").string();
  const auto made = command({"ref", token().uri(subject().label()) + ";type=private", "--pin",
                             token().pin_source(), "--out", reference});
  ASSERT_TRUE(made.ok()) << made.text();
  const auto configuration_file = workspace.write("openssl.cnf", command({"openssl-conf"}).out);
  const auto message = workspace.write("message", "a message").string();
  const auto signature = (workspace / "signature").string();
  const auto signing =
      run({"openssl", "dgst", "-sha256", "-sign", reference, "-out", signature, message},
          {.environment = {"OPENSSL_CONF=" + configuration_file.string(),
                           "KEYSTORE_CONFIG=" + configuration()}});
  ASSERT_TRUE(signing.ok()) << signing.text();
  const auto key = subject().store().key({.label = subject().label()});
  ASSERT_TRUE(key) << why(key);
  const auto spki = workspace.write("public.der", as_text(key->public_key()->spki())).string();
  const auto verified = run({"openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", spki,
                             "-signature", signature, message});
  EXPECT_TRUE(verified.ok()) << verified.text();
}

TEST_P(TokenPromises, ForkedChildrenSignWhileThreadsDo) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers' own allocator does not survive such a fork";
#endif
  if (const auto* lack = kind().lack(Capability::sign_in_child)) {
    GTEST_SKIP() << "CANNOT: " << lack->because;
  }
  const auto scheme = put_any_key().sign == Capability::sign_pkcs1
                          ? SignatureScheme::rsa_pkcs1_sha256
                          : SignatureScheme::ecdsa_secp256r1_sha256;
  const auto key = subject().store().key({.label = subject().label()}).value();
  std::atomic<int> lost = 0;
  std::atomic<int> made = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) ++(key.sign(scheme, as_bytes("hello")) ? made : lost);
    });
  }
  for (int i = 0; i < 12; ++i) EXPECT_EQ(sign_in_child(key, scheme), 0) << "child " << i;
  threads.clear();
  EXPECT_EQ(lost, 0);
  EXPECT_GT(made, 0);
}

INSTANTIATE_TEST_SUITE_P(Tokens, TokenPromises, ::testing::ValuesIn(token_names()),
                         [](const auto& kind) { return std::string(kind.param); });

}  // namespace
}  // namespace keystore::testing
