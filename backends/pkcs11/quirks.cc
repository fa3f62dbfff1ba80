#include "backends/pkcs11/quirks.h"

#include <array>

namespace keystore::pkcs11 {
namespace {

struct QuirkRow {
  std::string_view manufacturer_prefix = {};
  std::string_view model_prefix = {};
  Quirks quirks = {};
};

constexpr std::array rows = {
    // SoftHSM 2.6.1: "SoftHSM" as a module, "SoftHSM project" as a token.
    QuirkRow{"SoftHSM",
             "",
             {.pause_at_fork = true,
              .tokens_fixed_at_initialise = true,
              .oaep_sha1_only = true,
              .pss_one_digest = true,
              .general_error_is_bad_ciphertext = true,
              .eddsa_without_context = true,
              .edwards_by_oid = true,
              .montgomery_as_edwards = true,
              .ec_session_copy = true,
              .key_file_at_each_use = true,
              .unnamed_uses_are_allowed = true,
              .key_wrap_pad_is_kwp = true}},
    // opencryptoki 3.8: its handler of fork forgets everything, but not who holds a mutex.
    QuirkRow{"IBM", "Meta PKCS11 LIBRARY", {.pause_at_fork = true}},
    // tpm2-pkcs11 1.9: one authorised session with the TPM for all that the process forks. When two
    // use it the TPM takes it for an attack, and locks itself after a few.
    QuirkRow{"tpm2-software",
             "TPM2.0 Cryptoki",
             {.dead_in_forked_child = true,
              .connects_at_initialise = true,
              .general_error_is_bad_ciphertext = true,
              .failed_decrypt_stays_open = true}},
    // NSS softokn 3.87.
    QuirkRow{"Mozilla Foundation", "", {.pause_at_fork = true}},
};

struct ModuleFileRow {
  std::string_view file_name = {};
  Quirks quirks = {};
};

constexpr std::array file_rows = {
    // p11-kit 0.24: connects to its server at C_Initialize, and holds a mutex while it waits for an
    // answer.
    ModuleFileRow{"p11-kit-client.so", {.pause_at_fork = true, .tokens_fixed_at_initialise = true}},
};

}  // namespace

const Quirks* find_quirks(std::string_view manufacturer, std::string_view model) noexcept {
  for (const auto& row : rows) {
    if (manufacturer.starts_with(row.manufacturer_prefix) && model.starts_with(row.model_prefix))
      return &row.quirks;
  }
  return nullptr;
}

const Quirks* find_module_quirks(std::string_view manufacturer, std::string_view description,
                                 std::string_view path) noexcept {
  const auto file_name = path.substr(path.rfind('/') + 1);
  for (const auto& row : file_rows) {
    if (row.file_name == file_name) return &row.quirks;
  }
  return find_quirks(manufacturer, description);
}

}  // namespace keystore::pkcs11
