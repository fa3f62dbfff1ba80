#include "tests/support/softhsm.h"

#include <cstdlib>
#include <stdexcept>

#include "tests/support/process.h"

namespace keystore::testing {

SoftHsm::SoftHsm(std::string_view label)
    : softhsm_environment_("SOFTHSM2_CONF", configuration().string()) {
  std::filesystem::create_directory(token_folder());
  write_text(configuration(), "directories.tokendir = " + token_folder().string() +
                                  "\nobjectstore.backend = file\nlog.level = ERROR\n"
                                  "slots.removable = false\n");
  configure({.path = module_path(), .env = {{"SOFTHSM2_CONF", configuration().string()}}});
  add_token(label);
}

const SoftHsm::Token& SoftHsm::add_token(std::string_view label, std::string_view pin) {
  const auto& token = add_named(label, pin, "4711-officer-pin");
  const auto made = run({"softhsm2-util", "--init-token", "--free", "--label", token.label, "--pin",
                         token.pin, "--so-pin", token.so_pin});
  if (!made.ok()) throw std::runtime_error("cannot initialise a SoftHSM token: " + made.text());
  return token;
}

bool SoftHsm::available() { return have_program("softhsm2-util") && !module_path().empty(); }

std::string SoftHsm::module_path() {
  if (const char* chosen = std::getenv("KEYSTORE_SOFTHSM_MODULE")) return chosen;
  return find_shared_library("libsofthsm2.so", "softhsm").string();
}

}  // namespace keystore::testing
