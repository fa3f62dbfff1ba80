#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

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
/// The one of that name, which must be in the table.
const RealToken& real_token(std::string_view name);

/// The token of that kind that all tests of this process share, started on first use.
TokenFixture& shared_token(const RealToken& kind);

/// Why tests of this kind cannot run here, naming the packages; empty: they can. With
/// KEYSTORE_TEST_ALL set, as `tools/test --all` does, that fails the test instead of skipping it.
std::string not_installed(const RealToken& kind);
bool must_be_installed();
/// Why this user cannot run them though all is installed, which always skips; empty: he can.
std::string not_allowed(const RealToken& kind);

}  // namespace keystore::testing
