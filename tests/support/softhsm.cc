#include "tests/support/softhsm.h"

#include <array>
#include <cstdlib>
#include <stdexcept>

#include "tests/support/process.h"

namespace keystore::testing {
namespace {

std::string softhsm_conf(const std::filesystem::path& tokens);
std::string keystore_toml(const std::filesystem::path& softhsm_conf);

}  // namespace

SoftHsm::SoftHsm(std::string_view label)
    : softhsm_environment_("SOFTHSM2_CONF", configuration().string()),
      keystore_environment_("KEYSTORE_CONFIG", keystore_configuration().string()) {
  std::filesystem::create_directory(token_folder());
  write_text(configuration(), softhsm_conf(token_folder()));
  write_text(keystore_configuration(), keystore_toml(configuration()));
  add_token(label);
}

const SoftHsm::Token& SoftHsm::add_token(std::string_view label, std::string_view pin) {
  const Token token{.label = std::string(label),
                    .pin = std::string(pin),
                    .so_pin = "4711-officer-pin",
                    .pin_file = workspace_ / (std::string(label) + ".pin")};
  const auto made = run({"softhsm2-util", "--init-token", "--free", "--label", token.label, "--pin",
                         token.pin, "--so-pin", token.so_pin});
  if (!made.ok()) throw std::runtime_error("cannot initialise a SoftHSM token: " + made.text());
  write_text(token.pin_file, token.pin);
  std::filesystem::permissions(token.pin_file, std::filesystem::perms{0600});
  return tokens_.emplace_back(token);
}

bool SoftHsm::available() { return have_program("softhsm2-util") && !module_path().empty(); }

std::string SoftHsm::module_path() {
  if (const char* chosen = std::getenv("KEYSTORE_SOFTHSM_MODULE")) return chosen;
  constexpr std::array places = {
      "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
      "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"};
  for (const char* place : places) {
    if (std::filesystem::exists(place)) return place;
  }
  return {};
}

std::string SoftHsm::Token::uri(std::string_view object) const {
  auto text = "pkcs11:token=" + label;
  if (!object.empty()) text += ";object=" + std::string(object);
  return text;
}

namespace {

std::string softhsm_conf(const std::filesystem::path& tokens) {
  return "directories.tokendir = " + tokens.string() +
         "\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n";
}

std::string keystore_toml(const std::filesystem::path& softhsm_conf) {
  return "[modules.softhsm]\npath = \"" + SoftHsm::module_path() +
         "\"\nenv = { SOFTHSM2_CONF = \"" + softhsm_conf.string() + "\" }\n";
}

}  // namespace
}  // namespace keystore::testing
