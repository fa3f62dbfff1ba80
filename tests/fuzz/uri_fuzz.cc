#include "keystore/bytes.h"
#include "keystore/uri.h"
#include "tests/fuzz/fuzz_target.h"

using namespace keystore;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto uri = Uri::parse(as_text({data, size}));
  if (!uri) {
    require(!uri.error().message.empty(), "an error says what is wrong");
    return 0;
  }
  const auto plain = uri->without_query_attribute("pin-value");
  const auto again = Uri::parse(plain.canonical_with_pin_source());
  require(again.has_value(), "canonical text parses");
  require(*again == plain, "canonical text means the same");
  require(again->canonical() == uri->canonical(), "canonical text is stable");
  return 0;
}
