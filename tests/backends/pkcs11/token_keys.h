#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "keystore/backend.h"
#include "keystore/internal/software_key.h"
#include "keystore/store.h"
#include "tests/support/softhsm.h"

namespace keystore::testing {

/// Answers with `pin`, counting how often it is asked.
inline OpenOptions with_pin(std::string pin, int* asked = nullptr) {
  OpenOptions options;
  options.pin = [pin = std::move(pin), asked](const PinRequest&) -> Result<Secret> {
    if (asked != nullptr) ++*asked;
    return Secret::copy_of(std::string_view(pin));
  };
  return options;
}

/// The error of a result, for failure messages.
inline std::string why(const auto& result) {
  return result ? "" : result.error().message + " / " + result.error().hint;
}

/// Runs `body` in a child that has touched no token yet, the way a program would, and ends it as
/// programs end. True: nothing failed and the exit status was 0. The caller must not have touched
/// one either: a module is initialised once in a process.
template <class Body>
bool alone(const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      body();
    } catch (const std::exception& problem) {  // which would go on with the tests after this one
      ADD_FAILURE() << problem.what();
    }
    std::exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// One SoftHSM token for all tests of the program, which choose labels of their own.
class TokenTest : public ::testing::Test {
 protected:
  static SoftHsm& softhsm() {
    static SoftHsm softhsm;
    return softhsm;
  }
  void SetUp() override {
    if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
    softhsm();
  }
  static Result<Store> open(std::string_view object = {}) {
    return keystore::open(softhsm().uri(object), with_pin(softhsm().pin()));
  }
  /// A new key on the token.
  static Key generate(std::string_view type, const std::string& label) {
    auto store = open();
    EXPECT_TRUE(store) << why(store);
    auto key = store->generator()->generate_key(KeySpec::parse(type).value(), {.label = label});
    EXPECT_TRUE(key) << why(key);
    return std::move(*key);
  }
};

}  // namespace keystore::testing
