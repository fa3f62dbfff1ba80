#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "keystore/api.h"

namespace keystore {

/// What a caller can act on. Numbers are frozen: the C ABI and Python repeat them.
enum class Errc : std::int32_t {
  not_found = 1,         ///< no such object, token, file or name
  ambiguous = 2,         ///< asked for the one object and several match; the message lists them
  unsupported = 3,       ///< this build, store or token cannot do it
  invalid_argument = 4,  ///< the caller's words are off
  malformed = 5,         ///< the bytes are not what they claim to be
  pin_required = 6,      ///< a PIN or passphrase is needed and there is no source for it
  pin_incorrect = 7,     ///< the PIN or passphrase was refused
  pin_locked = 8,        ///< the token takes no more tries, or only the last one is left
  access_denied = 9,     ///< the object or file may not be used that way
  key_mismatch = 10,     ///< key and certificate (or reference) do not belong together
  not_trusted = 11,      ///< no path to a trust anchor
  unavailable = 12,      ///< the token or service is away; later may work
  internal = 13,         ///< a fault of ours, or an unknown native code
  io = 14,               ///< reading or writing a file failed
  already_exists = 15,   ///< would overwrite
  refused_by_policy = 16,  ///< a rule of the configuration forbids it
  timed_out = 17,          ///< the deadline passed
  cancelled = 18,          ///< the caller's stop token was set
};

/// The enumerator's name, as in JSON output: "not_found".
KEYSTORE_API std::string_view to_string(Errc code) noexcept;

/// Where the failure was born, say {"pkcs11", "C_Login", 0xA0}: for logs, never for branching.
struct Cause {
  std::string subsystem = {};
  std::string call = {};
  std::uint64_t code = 0;

  bool operator==(const Cause&) const = default;
};

struct Error {
  Errc code = Errc::internal;
  std::string message = {};  ///< lower case, no full stop, names the object, never a secret
  std::optional<Cause> cause = {};
  std::string hint = {};  ///< what to do about it, one sentence; may be empty
};

/// `errno` as an error about `object` ("cannot read /x: permission denied"): ENOENT is not_found,
/// EACCES and EPERM access_denied, EEXIST already_exists, everything else io.
KEYSTORE_API Error error_from_errno(int number, std::string_view call, std::string_view action,
                                    std::string_view object);

}  // namespace keystore
