#include "keystore/internal/software_key.h"
#include "tests/fuzz/fuzz_target.h"

using namespace keystore;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto key = make_software_key(Secret::copy_of(BytesView(data, size)),
                                     {.uri = Uri::from_path("/input"), .label = "input"});
  if (!key) {
    const auto code = key.error().code;
    require(code == Errc::malformed || code == Errc::unsupported, "a broken key is named as such");
    return 0;
  }
  const bool usable = !(*key)->schemes().empty();
  require(!usable || (*key)->entry().public_key.has_value(), "a key that signs shows its half");
  const auto octets = (*key)->export_pkcs8();
  if (octets) {
    require(make_software_key(octets->clone(), {.uri = Uri::from_path("/input")}).has_value(),
            "an exported key can be read again");
  }
  return 0;
}
