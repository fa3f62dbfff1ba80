#include "backends/pkcs11/quirks.h"

#include <array>

namespace keystore::pkcs11 {
namespace {

struct QuirkRow {
  std::string_view manufacturer_prefix = {};
  Quirks quirks = {};
};

constexpr std::array rows = {
    // SoftHSM 2.6.1: "SoftHSM" as a module, "SoftHSM project" as a token.
    QuirkRow{"SoftHSM",
             {.pause_at_fork = true,
              .tokens_fixed_at_initialise = true,
              .oaep_sha1_only = true,
              .pss_one_digest = true,
              .general_error_is_bad_ciphertext = true,
              .eddsa_without_context = true,
              .edwards_by_oid = true,
              .ec_session_copy = true}},
};

constexpr Quirks none = {};

}  // namespace

const Quirks& quirks_of(std::string_view manufacturer) noexcept {
  for (const auto& row : rows) {
    if (manufacturer.starts_with(row.manufacturer_prefix)) return row.quirks;
  }
  return none;
}

}  // namespace keystore::pkcs11
