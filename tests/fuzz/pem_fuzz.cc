#include "backends/pem/blocks.h"
#include "backends/pem/decode.h"
#include "keystore/certificate.h"
#include "keystore/reference.h"
#include "tests/fuzz/fuzz_target.h"

using namespace keystore;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  (void)Certificate::parse_pem(text);
  (void)Reference::parse_pem(text);

  const auto uri = Uri::from_path("/input");
  const std::string path = "/input";
  const OpenOptions options = {.pin_source = *SecretSource::parse("pass:passphrase")};
  pem::Passphrase passphrase(uri, options, path);
  for (const auto& block : pem::scan_blocks(text)) {
    require(block.begin <= block.end && block.end <= size, "a block lies in its text");
    require(block.fault || (block.begin <= block.body_begin && block.body_end <= block.end),
            "a body lies in its block");
    (void)pem::block_octets(block, text);
    const auto entry = pem::describe(block, text, {.uri = uri});
    if (entry && entry->kind == EntryKind::private_key && entry->custody == Custody::file) {
      (void)pem::private_key_octets(block, text, passphrase);
    }
  }
  return 0;
}
