#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/backends/pkcs11/faulty_token.h"
#include "tests/support/workspace.h"

namespace keystore::testing {

/// A token that answers with nonsense on request. Beside 'key' it holds 'rsa', 'open' (a P-256 key
/// that may leave it) and 'web' (a certificate).
class HostileToken : public FaultyToken {
 protected:
  void SetUp() override {
    FaultyToken::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    token_->set_faults("");
    ASSERT_TRUE(alone([&] {
      auto store = open_store();
      ASSERT_TRUE(store) << why(store);
      const auto rsa =
          keystore::open(data("rsa.pem"))->key()->export_pkcs8(insecure_export_permit());
      ASSERT_TRUE(store->importer()->import_key(*rsa, {.label = "rsa"}));
      const auto made = store->generator()->generate_key(KeySpec::parse("ec:p256").value(),
                                                         {.label = "open", .extractable = true});
      ASSERT_TRUE(made) << why(made);
      const auto web = Certificate::parse_pem(read_text(data("web.pem")));
      ASSERT_TRUE(web) << why(web);
      ASSERT_TRUE(store->importer()->import_certificate(*web, {.label = "web"}));
    }));
  }
  static std::string data(std::string_view file) {
    return (std::filesystem::path(std::getenv("KEYSTORE_SOURCE")) / "tests/data/pem" / file)
        .string();
  }
  Result<Key> open_key(std::string_view label) {
    auto store = open_store();
    if (!store) return Failure(store.error());
    return store->key({.label = std::string(label)});
  }
  /// The error of something that must fail; it has to name `object` and be no internal one.
  static Error refused(const auto& result, std::string_view object) {
    EXPECT_FALSE(result);
    if (result) return {};
    EXPECT_NE(result.error().code, Errc::internal) << why(result);
    EXPECT_THAT(result.error().message, ::testing::HasSubstr(object));
    return result.error();
  }
};

}  // namespace keystore::testing
