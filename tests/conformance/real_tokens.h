#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tests/conformance/capability.h"
#include "tests/support/token_fixture.h"

namespace keystore::testing {

/// A kind of token that the promises are kept on.
struct RealToken {
  std::string_view name = {};      ///< as tests and ctest call it
  std::string_view packages = {};  ///< what Debian calls what it needs
  /// Whether all of it is installed.
  bool (*available)() = nullptr;
  std::unique_ptr<TokenFixture> (*start)() = nullptr;
  /// What it was seen not to do. capability_test.cc tries everything, so that a change is noticed.
  std::span<const Lack> lacks = {};
  /// Why this user may not start one though it is installed, empty: he may. Null: anybody may.
  std::string (*forbidden)() = nullptr;

  /// Why it cannot; null: it can.
  const Lack* lack(Capability capability) const;
};

/// All kinds, SoftHSM first.
std::span<const RealToken> real_tokens();
/// Their names, for parameterised tests.
std::vector<std::string_view> token_names();
/// The one of that name, which must be in the table.
const RealToken& real_token(std::string_view name);

/// The token of that kind that all tests of this process share, started on first use.
TokenFixture& shared_token(const RealToken& kind);

/// For SetUp(): whether tests of this kind can run here. Where packages are missing the test is
/// skipped, naming them; with KEYSTORE_TEST_ALL set, as `tools/test --all` does, it fails. Where
/// this user may not run them it is skipped in any case.
bool can_run(const RealToken& kind);

}  // namespace keystore::testing
