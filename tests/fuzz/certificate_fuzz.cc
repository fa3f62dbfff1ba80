#include <algorithm>

#include "keystore/certificate.h"
#include "tests/fuzz/fuzz_target.h"

using namespace keystore;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView der(data, size);
  const auto certificate = Certificate::parse(der);
  if (!certificate) return 0;
  require(std::equal(der.begin(), der.end(), certificate->der().begin(), certificate->der().end()),
          "a certificate keeps its octets");
  const auto again = Certificate::parse_pem(certificate->to_pem());
  require(again && *again == *certificate, "PEM gives the same certificate");
  (void)certificate->public_key();
  (void)certificate->subject();
  (void)certificate->issuer();
  (void)certificate->serial();
  (void)certificate->names();
  (void)certificate->self_issued();
  (void)certificate->is_ca();
  require(certificate->sha256().size() == 32, "a fingerprint has 32 octets");
  return 0;
}
