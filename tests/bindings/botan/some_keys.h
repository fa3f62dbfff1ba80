#pragma once

#include <map>
#include <string>

#include "tests/backends/pkcs11/token_keys.h"
#include "tests/support/process.h"

namespace keystore::testing {

/// Keys of every type, on a token and in files.
class SomeKeys : public TokenTest {
 protected:
  void SetUp() override {
    TokenTest::SetUp();
    if (!IsSkipped()) other_token();  // before the module is asked for its tokens
  }
  static const TokenFixture::Token& other_token() {
    static const auto& token = softhsm().add_token("other");
    return token;
  }

  /// One for all tests of the program. `place`: "token" or "file"; `type` as in `keystore new
  /// --type`.
  static Key make(const std::string& place, const std::string& type) {
    static std::map<std::string, Key> made;
    const auto which = place + " " + type;
    if (const auto known = made.find(which); known != made.end()) return known->second;
    const auto name = "key-" + std::to_string(made.size());
    const auto key = place == "token" ? generate(type, name) : make_file(name, type);
    return made.emplace(which, key).first->second;
  }

  /// In `folder`/NAME.pem, by plain OpenSSL.
  static Key make_file(const std::string& name, const std::string& type) {
    const auto path = folder() / (name + ".pem");
    std::vector<std::string> command = {"openssl", "genpkey", "-out", path, "-algorithm"};
    if (type.starts_with("rsa:")) {
      command.insert(command.end(), {"RSA", "-pkeyopt", "rsa_keygen_bits:" + type.substr(4)});
    } else if (type.starts_with("ec:p")) {
      command.insert(command.end(), {"EC", "-pkeyopt", "ec_paramgen_curve:P-" + type.substr(4)});
    } else {
      command.push_back(type);
    }
    const auto made = run(command);
    if (!made.ok()) throw std::runtime_error(made.text());
    return keystore::open("file:" + path.string()).value().key().value();
  }

  static const Workspace& folder() {
    static const Workspace folder;
    return folder;
  }
};

}  // namespace keystore::testing
