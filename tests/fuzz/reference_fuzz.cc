#include "keystore/reference.h"
#include "tests/fuzz/fuzz_target.h"

using namespace keystore;

namespace {

void try_label(std::string_view label, BytesView der) {
  const auto reference = Reference::parse(label, der);
  if (!reference) return;
  require(!reference->uri.query_attribute("pin-value"), "no reference holds a PIN");
  const auto again_der = reference->to_der();
  if (!reference->public_key) {
    require(!again_der, "a reference of ours has a public key");
    return;
  }
  require(again_der.has_value(), "a parsed reference can be written");
  const auto again = Reference::parse(Reference::pem_label, *again_der);
  require(again && again->uri == reference->uri, "writing keeps the URI");
  require(again->schemes == reference->schemes, "writing keeps the schemes");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(data, size);
  try_label(Reference::pem_label, input);
  try_label(Reference::pkcs11_provider_pem_label, input);
  (void)Reference::parse_pem(as_text(input));
  return 0;
}
