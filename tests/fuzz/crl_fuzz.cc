#include "tests/fuzz/judge_fuzz.h"

using namespace keystore;
using namespace keystore::verify;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto verdict = judge_chain({.crls = read_crls(BytesView(data, size))});
  require(verdict.trusted == (verdict.revocation == Revocation::good),
          "trusted is what the list says nothing of");
  return 0;
}
