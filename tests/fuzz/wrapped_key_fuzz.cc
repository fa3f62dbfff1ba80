#include "keystore/wrapped_key.h"
#include "tests/fuzz/fuzz_target.h"

using namespace keystore;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(data, size);
  (void)WrappedKey::parse_pem(as_text(input));
  const auto wrapped = WrappedKey::parse(input);
  if (!wrapped) return 0;
  require(!wrapped->wrapping_key.query_attribute("pin-value"), "no file holds a PIN");
  require(!wrapped->wrapped.empty(), "something is wrapped");
  const auto again = WrappedKey::parse_pem(wrapped->to_pem());
  require(again.has_value(), "a parsed file can be written");
  require(again->wrapped == wrapped->wrapped && again->mechanism == wrapped->mechanism &&
              again->public_key == wrapped->public_key && again->label == wrapped->label &&
              again->id == wrapped->id,
          "writing keeps every part");
  return 0;
}
