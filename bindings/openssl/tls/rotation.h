#pragma once

#include <string>
#include <vector>

#include "bindings/openssl/tls/context_state.h"
#include "bindings/openssl/tls/rotator.h"

namespace keystore::openssl {

/// Brings a context in line with its files, whenever it is asked to look. One thread.
class Rotation {
 public:
  Rotation(SSL_CTX* context, ContextState& state, const RotationOptions& options);

  /// Every file whose change matters.
  std::vector<std::string> paths() const;
  /// Loads what has changed since it was loaded last, and not since the last look. True: a change
  /// is waiting for the next look.
  bool look();
  /// Loads everything at the next look.
  void expect_everything();

 private:
  /// Something that is loaded as a whole.
  struct Part {
    std::string name = {};
    std::vector<std::string> paths = {};
    std::string seen = {}, loaded = {};  ///< fingerprints
    bool due = true;                     ///< to be loaded whatever the fingerprint says
    std::optional<Error> error = {};     ///< of the last try
    std::chrono::steady_clock::time_point tried = {};
    bool changed = true;  ///< before the last try
  };

  bool is_ready(Part& part, bool& waiting) const;
  void use_default(const std::shared_ptr<const Config>& config);
  void find_paths();
  void load_configuration();
  void load_identity_part(std::size_t index);
  void load_trust_part();
  Result<ShownIdentityPtr> stage(const IdentitySource& source) const;
  void succeed(Part& part, const std::optional<Certificate>& leaf, bool changed);
  void fail_part(Part& part, const Error& error);

  SSL_CTX* context_;
  ContextState& state_;
  const RotationOptions& options_;
  TlsOptions now_;                                 ///< with the configuration of the moment
  std::vector<OpenOptions*> without_config_ = {};  ///< those in now_ that name no configuration
  Part configuration_, trust_;
  std::vector<Part> identities_;
};

}  // namespace keystore::openssl
