#include "tests/support/nss_token.h"

#include <stdexcept>

#include "tests/support/process.h"

namespace keystore::testing {
namespace {

std::filesystem::path module_path() {
  const auto path = find_shared_library("libsoftokn3.so");
  return path.empty() ? find_shared_library("libsoftokn3.so", "nss") : path;
}

}  // namespace

NssToken::NssToken() {
  const auto folder = this->folder() / "nssdb";
  std::filesystem::create_directory(folder);
  const auto& token = add_named("NSS Certificate DB", "4711-user-pin", "");
  const auto made = run({"certutil", "-N", "-d", "sql:" + folder.string(), "-f", token.pin_file});
  if (!made.ok()) throw std::runtime_error("cannot make an NSS database: " + made.text());
  configure({.path = module_path(),
             .args = "configDir='sql:" + folder.string() +
                     "' certPrefix='' keyPrefix='' secmod='secmod.db' flags="});
}

bool NssToken::available() { return have_program("certutil") && !module_path().empty(); }

}  // namespace keystore::testing
