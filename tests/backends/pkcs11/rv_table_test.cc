// Every return value of PKCS#11, given by every function that a signature may need, to eight
// threads that sign: errors come in time and say what they shall, what nothing can mend is tried
// once, and when the fault is over nothing is lost.
#include "backends/pkcs11/rv_table.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <mutex>
#include <optional>
#include <regex>
#include <thread>

#include "tests/backends/pkcs11/token_keys.h"
#include "tests/tokens/test_token.h"

namespace keystore::pkcs11 {
namespace {

using namespace std::chrono_literals;
using testing::alone;
using testing::SoftHsm;
using testing::TestToken;
using testing::why;
using testing::with_pin;
using Clock = std::chrono::steady_clock;

constexpr int threads = 8;
constexpr auto scheme = SignatureScheme::rsa_pkcs1_sha256;
constexpr auto patience = 400ms;
/// Patience, and what a busy machine adds.
constexpr auto in_time = patience + 1500ms;
constexpr CK_RV a_vendors = 0x80000384;
constexpr CK_RV nobodys = 0x7777;

TEST(RvTable, HasEveryValueOfTheHeader) {
  std::ifstream header(KEYSTORE_PKCS11_HEADER);
  ASSERT_TRUE(header) << KEYSTORE_PKCS11_HEADER;
  const std::regex definition(R"(#define\s+(CKR_\w+)\s+\((0?x?[0-9a-fA-F]+)UL\).*)");
  int found = 0;
  for (std::string line; std::getline(header, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, definition)) continue;
    const auto& row = row_of(std::stoul(match[2], nullptr, 0));
    EXPECT_EQ(row.name, match[1].str());
    ++found;
  }
  EXPECT_GT(found, 90);
}

TEST(RvTable, HasWordsForEveryValue) {
  for (const auto& row : rv_rows()) {
    EXPECT_FALSE(row.words.empty()) << row.name;
    EXPECT_EQ(&row_of(row.rv), &row);
    EXPECT_EQ(rv_name(row.rv), row.name);
  }
}

TEST(RvTable, KeepsTheNumberOfUnknownValues) {
  EXPECT_EQ(rv_name(a_vendors), "0x80000384");
  EXPECT_EQ(row_of(a_vendors).code, Errc::unavailable);
  EXPECT_EQ(remedy_for(a_vendors), Remedy::find_token);
  EXPECT_EQ(rv_name(nobodys), "0x7777");
  EXPECT_EQ(row_of(nobodys).code, Errc::internal);
  EXPECT_EQ(remedy_for(nobodys), Remedy::none);
}

TEST(RvTable, TriesNoPinAgainThatAVendorsErrorMayHaveCounted) {
  const auto at = [](const char* call) {
    return remedy_for(Error{.code = Errc::unavailable, .cause = Cause{"pkcs11", call, a_vendors}});
  };
  EXPECT_EQ(at("C_Login"), Remedy::none);
  EXPECT_EQ(at("C_OpenSession"), Remedy::find_token);
}

/// What one signature came to.
struct Outcome {
  std::optional<Error> error = {};
  Clock::duration took = {};
};

/// The functions behind the first two of a signature: what finding the key again needs.
constexpr std::array functions_of_healing = {
    "C_GetSessionInfo", "C_GetSlotList",     "C_GetTokenInfo", "C_OpenSession",
    "C_Login",          "C_FindObjectsInit", "C_FindObjects",  "C_GetAttributeValue",
};

class EveryReturnValue : public ::testing::TestWithParam<CK_RV> {
 protected:
  static void SetUpTestSuite() {
    if (!SoftHsm::available()) return;
    softhsm_ = new SoftHsm("values");
    ASSERT_TRUE(alone([] {
      auto store = keystore::open(softhsm_->uri(), with_pin(softhsm_->pin()));
      const auto made =
          store->generator()->generate_key(KeySpec::parse("rsa:2048").value(), {.label = "key"});
      ASSERT_TRUE(made) << why(made);
    }));
    token_ = new TestToken(*softhsm_);
  }
  static void TearDownTestSuite() {
    delete token_;
    delete softhsm_;
  }
  void SetUp() override {
    if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
    token_->set_faults("");
  }
  static Key open_key() {
    return keystore::open(softhsm_->uri(), with_pin(softhsm_->pin())).value().key().value();
  }

  /// Every thread signs `times` times.
  static std::vector<Outcome> sign(const Key& key, int times) {
    std::vector<Outcome> outcomes;
    std::mutex mutex;
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back([&] {
        for (int n = 0; n < times; ++n) {
          const auto start = Clock::now();
          const auto signature = key.sign(scheme, Bytes{'m'}, {.deadline = start + patience});
          const auto took = Clock::now() - start;
          const std::scoped_lock lock(mutex);
          outcomes.push_back({signature ? std::nullopt : std::optional(signature.error()), took});
        }
      });
    }
    workers.clear();
    return outcomes;
  }

  /// The fault is over: soon a signature is made, and from then on every one.
  static void nothing_is_lost(const Key& key) {
    token_->set_faults("");
    const auto until = Clock::now() + 20s;
    auto signature = key.sign(scheme, Bytes{'m'});
    while (!signature && Clock::now() < until) {
      std::this_thread::sleep_for(1ms);
      signature = key.sign(scheme, Bytes{'m'});
    }
    EXPECT_TRUE(signature) << why(signature);
    for (const auto& outcome : sign(key, 3)) {
      EXPECT_FALSE(outcome.error) << outcome.error->message;
    }
  }

  static void come_in_time(const std::vector<Outcome>& outcomes) {
    for (const auto& outcome : outcomes) EXPECT_LT(outcome.took, in_time);
  }

  // No objects with destructors, which would run, and delete the token, where a child exits.
  static inline SoftHsm* softhsm_ = nullptr;
  static inline TestToken* token_ = nullptr;
};

TEST_P(EveryReturnValue, OfASignatureItself) {
  const auto& row = row_of(GetParam());
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    for (const std::string function : {"C_SignInit", "C_Sign"}) {
      SCOPED_TRACE(function);
      token_->counts().reset();
      token_->set_faults(fmt::format("{} code={:#x}", function, GetParam()));
      const auto outcomes = sign(key, 1);
      come_in_time(outcomes);
      for (const auto& outcome : outcomes) {
        ASSERT_TRUE(outcome.error);
        const auto& error = *outcome.error;
        const bool given_up = row.remedy != Remedy::none && error.code == Errc::timed_out;
        EXPECT_TRUE(error.code == row.code || given_up) << error.message;
        if (given_up) continue;
        EXPECT_THAT(error.message, ::testing::HasSubstr(rv_name(GetParam())));
        EXPECT_EQ(error.cause, (Cause{"pkcs11", function, GetParam()}));
      }
      if (row.remedy == Remedy::none) {
        EXPECT_EQ(token_->counts().of(function), threads);
      } else {
        EXPECT_GT(token_->counts().of(function), threads);
      }
      nothing_is_lost(key);
    }
  }));
}

TEST_P(EveryReturnValue, OfHealing) {
  const auto& row = row_of(GetParam());
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    for (const std::string function : functions_of_healing) {
      // What a token says of a PIN is remembered in the whole family of processes (login_test.cc).
      if (function == "C_Login" && row.code == Errc::pin_incorrect) continue;
      SCOPED_TRACE(function);
      token_->counts().reset();
      token_->set_faults(fmt::format(
          "C_SignInit close-all-sessions on=1\nC_SignInit code={:#x} to={}\n{} code={:#x}",
          CKR_TOKEN_NOT_PRESENT, threads, function, GetParam()));
      const auto outcomes = sign(key, 1);
      EXPECT_GT(token_->counts().of(function), 0);
      come_in_time(outcomes);
      // Attributes that the token gives to nobody tell no key from another.
      const bool unreadable =
          function == "C_GetAttributeValue" &&
          (row.rv == CKR_ATTRIBUTE_SENSITIVE || row.rv == CKR_ATTRIBUTE_TYPE_INVALID);
      for (const auto& outcome : outcomes) {
        if (!outcome.error) continue;
        const auto& error = *outcome.error;
        EXPECT_TRUE(error.code == row.code || error.code == Errc::not_found ||
                    error.code == Errc::timed_out || error.code == Errc::unavailable ||
                    (unreadable && error.code == Errc::key_mismatch))
            << error.message;
      }
      nothing_is_lost(key);
    }
  }));
}

std::vector<CK_RV> every_value() {
  std::vector<CK_RV> values = {a_vendors, nobodys};
  for (const auto& row : rv_rows()) {
    if (row.rv != CKR_OK && row.rv != rv_process_ends) values.push_back(row.rv);
  }
  return values;
}

INSTANTIATE_TEST_SUITE_P(Rows, EveryReturnValue, ::testing::ValuesIn(every_value()),
                         [](const auto& value) {
                           const auto name = rv_name(value.param);
                           return name.starts_with("CKR_")
                                      ? fmt::format("{}_{:x}", name.substr(4), value.param)
                                      : name;
                         });

}  // namespace
}  // namespace keystore::pkcs11
