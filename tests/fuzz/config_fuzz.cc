#include "keystore/bytes.h"
#include "keystore/config.h"
#include "tests/fuzz/fuzz_target.h"

using namespace keystore;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = Config::parse(as_text({data, size}), "input");
  if (config) return 0;
  require(config.error().code == Errc::invalid_argument, "a configuration error is of one kind");
  require(config.error().message.starts_with("input:"), "a configuration error names its place");
  return 0;
}
