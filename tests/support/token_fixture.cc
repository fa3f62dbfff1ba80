#include "tests/support/token_fixture.h"

namespace keystore::testing {

TokenFixture::TokenFixture()
    : keystore_environment_("KEYSTORE_CONFIG", keystore_configuration().string()) {}

void TokenFixture::configure(const ModuleSettings& module) {
  std::string text = "[modules.token]\npath = \"" + module.path.string() + "\"\n";
  if (!module.args.empty()) text += "args = \"" + module.args + "\"\n";
  if (!module.env.empty()) {
    text += "[modules.token.env]\n";
    for (const auto& [name, value] : module.env) text += name + " = \"" + value + "\"\n";
  }
  write_text(keystore_configuration(), text);
}

const TokenFixture::Token& TokenFixture::add_named(std::string_view label, std::string_view pin,
                                                   std::string_view so_pin) {
  const auto& token =
      tokens_.emplace_back(Token{.label = std::string(label),
                                 .pin = std::string(pin),
                                 .so_pin = std::string(so_pin),
                                 .pin_file = workspace_ / (std::string(label) + ".pin")});
  write_text(token.pin_file, token.pin);
  std::filesystem::permissions(token.pin_file, std::filesystem::perms{0600});
  return token;
}

std::string TokenFixture::Token::uri(std::string_view object) const {
  std::string text = "pkcs11:token=";
  for (const char c : label) text += c == ' ' ? "%20" : std::string(1, c);
  if (!object.empty()) text += ";object=" + std::string(object);
  return text;
}

std::filesystem::path find_shared_library(std::string_view name, std::string_view subfolder) {
  for (const char* place :
       {"/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/local/lib"}) {
    auto path = std::filesystem::path(place) / subfolder / name;
    if (std::filesystem::exists(path)) return path;
  }
  return {};
}

}  // namespace keystore::testing
