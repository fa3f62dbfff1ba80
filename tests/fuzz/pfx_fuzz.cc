#include "backends/pfx/bundle.h"
#include "keystore/certificate.h"
#include "keystore/internal/software_key.h"
#include "tests/fuzz/fuzz_target.h"

using namespace keystore;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // As many iterations as the seeds ask for: more of them find nothing new.
  constexpr std::uint64_t iterations = 20'000;
  int asked = 0;
  const auto ask = [&]() -> Result<Secret> {
    ++asked;
    return Secret::copy_of(std::string_view("passphrase"));
  };
  const auto bundle = pfx::read_bundle({data, size}, ask, WorkBudget(iterations));
  require(asked <= 1, "a passphrase is asked for once");
  if (!bundle) {
    const auto code = bundle.error().code;
    require(code == Errc::malformed || code == Errc::unsupported || code == Errc::pin_incorrect,
            "a broken bundle is named as such");
    require(code != Errc::pin_incorrect || asked == 1, "who was not asked was not wrong");
    return 0;
  }
  for (const auto& object : bundle->objects) {
    if (object.fault) continue;
    if (object.kind == EntryKind::certificate) (void)Certificate::parse(object.certificate);
    if (object.kind == EntryKind::private_key) {
      (void)make_software_key(object.pkcs8.clone(), {.uri = Uri::from_path("/input")});
    }
  }
  return 0;
}
