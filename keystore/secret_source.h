#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/api.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore {

/// Why a PIN or passphrase is asked, in words for the person who types it.
struct PinRequest {
  enum class What { token_pin, so_pin, context_pin, new_pin, passphrase, new_passphrase };
  What what = What::passphrase;
  std::string object = {};               ///< the token's label or the file's path
  std::optional<int> tries_left = {};    ///< where the token says
  bool final_try = false;                ///< one more refusal locks the token
  std::string serial = {};               ///< of the token, where others have the same label

  /// "PIN for token 'prod' (final try)".
  KEYSTORE_API std::string prompt() const;
};

/// Answers a PinRequest. May block; called without any lock held, from the thread that asked.
using PinCallback = std::function<Result<Secret>(const PinRequest&)>;

/// Where a PIN or passphrase comes from (DESIGN.md, section 3). Reading it is a separate step.
class KEYSTORE_API SecretSource {
 public:
  /// `env` and `pass` are unsafe: other processes of the user can read them.
  enum class Kind { prompt, file, fd, cred, cmd, env, pass };

  /// "prompt", "file:PATH", "fd:N", "cred:NAME", "cmd:PROGRAM ARG…", "env:NAME", "pass:TEXT".
  /// Errors: invalid_argument, naming the words that are known, never the text after "pass:".
  static Result<SecretSource> parse(std::string_view text);
  /// As parse(), and a bare path is a file, as is "file:///PATH" (RFC 7512, 2.4).
  static Result<SecretSource> parse_attribute(std::string_view text);

  Kind kind() const noexcept { return kind_; }
  /// A path, number, name or command line; the text itself for `pass`.
  const std::string& argument() const noexcept { return argument_; }
  /// May stand in data (a reference PEM, a URI read from a file): file, cred, prompt.
  bool allowed_in_data() const noexcept;
  /// A server can read it again after a restart, without a person: file, cred.
  bool repeatable() const noexcept;
  /// For messages and for writing down: as parsed, but "pass:…" for `pass`.
  std::string to_string() const;

  /// Reads it; one trailing line end is dropped. `prompt` asks `request.prompt()` on the terminal
  /// with echo off. `cmd` runs the program without a shell and takes its first line, within 60 s.
  /// At most 64 KiB. Errors: pin_required (no terminal, variable unset, name unknown), not_found,
  /// access_denied, io, timed_out; each names the source.
  Result<Secret> read(const PinRequest& request) const;

 private:
  SecretSource(Kind kind, std::string argument) : kind_(kind), argument_(std::move(argument)) {}
  Kind kind_;
  std::string argument_;
};

/// Asks on the controlling terminal, echo off. Errors: pin_required without one, cancelled on ^C.
KEYSTORE_API Result<Secret> read_secret_from_terminal(std::string_view prompt);

}  // namespace keystore
