#include "keystore/verify/host_name.h"

#include <fmt/format.h>
#include <idn2.h>

#include <algorithm>
#include <memory>

namespace keystore::verify {
namespace {

struct FreeIdn {
  void operator()(char* text) const noexcept { idn2_free(text); }
};

}  // namespace

Result<std::string> ascii_host(std::string_view host) {
  const std::string text(host);
  if (std::ranges::all_of(text, [](char c) { return (c & 0x80) == 0; })) return text;
  char* converted = nullptr;
  const int status =
      idn2_to_ascii_8z(text.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, FreeIdn> owned(converted);
  if (status == IDN2_OK) return std::string(converted);
  return fail(Errc::invalid_argument,
              fmt::format("'{}' is no internationalised name: {}", host, idn2_strerror(status)));
}

}  // namespace keystore::verify
