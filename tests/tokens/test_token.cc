#include "tests/tokens/test_token.h"

#include <cstdlib>
#include <stdexcept>

namespace keystore::testing {

TestToken::TestToken(SoftHsm& hsm)
    : counts_file_(hsm.folder() / "call-counts"),
      faults_file_(hsm.folder() / "faults"),
      counts_(counts_file_),
      real_module_("KEYSTORE_TEST_MODULE", SoftHsm::module_path()),
      counts_environment_("KEYSTORE_TEST_COUNTS", counts_file_.string()),
      faults_environment_("KEYSTORE_TEST_FAULTS", faults_file_.string()) {
  write_text(hsm.keystore_configuration(), "[modules.test]\npath = \"" + module_path().string() +
                                               "\"\nenv = { SOFTHSM2_CONF = \"" +
                                               hsm.configuration().string() + "\" }\n");
}

std::filesystem::path TestToken::module_path() {
  const char* build = std::getenv("KEYSTORE_BUILD");
  if (!build) throw std::runtime_error("KEYSTORE_BUILD is not set");
  return std::filesystem::path(build) / "tests/tokens/libkeystore-test-token.so";
}

void TestToken::set_faults(std::string_view rows) {
  auto fresh = faults_file_;
  fresh += ".new";
  write_text(fresh, rows);
  std::filesystem::rename(fresh, faults_file_);
}

}  // namespace keystore::testing
