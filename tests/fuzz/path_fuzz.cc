// A certificate as a target, as an intermediate and as an anchor, through every rule and Botan.
#include "tests/fuzz/judge_fuzz.h"

using namespace keystore;
using namespace keystore::verify;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto certificate = Certificate::parse(BytesView(data, size));
  if (!certificate) return 0;
  static const auto root = Certificate::parse_pem(root_pem).value();
  static const auto leaf = Certificate::parse_pem(leaf_pem).value();
  for (const auto profile : {Profile::rfc5280, Profile::webpki}) {
    Trust itself;
    itself.add_anchor(*certificate);
    Trust ours;
    ours.add_anchor(root);
    const VerifyOptions options{.purpose = Purpose::server,
                                .profile = profile,
                                .host = "www.example.org",
                                .partial_chain = true};
    for (const auto& verdict :
         {verify::verify(*certificate, {.intermediates = {*certificate}}, itself, options,
                         fuzz_time),
          verify::verify(*certificate, {.intermediates = {leaf}}, ours, options, fuzz_time),
          verify::verify(leaf, {.intermediates = {*certificate}}, itself, options, fuzz_time)}) {
      require(verdict.has_value(), "a certificate is no error");
      require(!verdict->trusted || verdict->openssl.accepts, "what OpenSSL refuses is not trusted");
    }
  }
  return 0;
}
