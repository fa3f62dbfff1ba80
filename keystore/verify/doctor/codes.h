#pragma once

#include <string_view>

#include "keystore/verify/check.h"

namespace keystore::verify::doctor {

/// Every fault that has a name. The names are frozen.
enum class Code {
  key_missing,
  key_mismatch,
  key_weak,
  key_readable_by_others,
  key_not_encrypted,
  key_extractable,
  cert_expired,
  cert_not_yet_valid,
  cert_expires_soon,
  cert_host_mismatch,
  cert_no_san,
  cert_purpose,
  cert_key_usage,
  cert_too_long,
  cert_weak_signature,
  chain_incomplete,
  chain_untrusted,
  chain_order,
  chain_duplicate_key_ids,
  revoked,
  revocation_unknown,
  pin_final_try,
  pin_locked,
  pin_source,
  module_load,
  module_permissions,
  token_absent,
  token_mechanism,
  token_stuck,
  provider_order,
  provider_default_missing,
  provider_not_loaded,
};

struct CodeRow {
  Code code;
  std::string_view name;
  Severity severity;     ///< unless the circumstances say otherwise
  std::string_view why;  ///< why it matters, one sentence
};

const CodeRow& row_of(Code code) noexcept;

}  // namespace keystore::verify::doctor
