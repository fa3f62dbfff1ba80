#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/api.h"
#include "keystore/log.h"
#include "keystore/result.h"
#include "keystore/secret_source.h"

namespace keystore {

/// `[modules.NAME]`
struct ModuleConfig {
  std::string name = {};
  std::string path = {};                            ///< absolute
  std::map<std::string, std::string> env = {};      ///< set when the configuration is read, where missing
  std::string args = {};                            ///< handed to C_Initialize
};

/// `[identities.NAME]`
struct IdentityConfig {
  std::string name = {};
  std::vector<std::string> keys = {};  ///< URIs; several are a failover group
  std::optional<std::string> chain = {};
  std::optional<SecretSource> pin = {};
};

/// What becomes of a PIN after a login.
enum class PinCache {
  memory,  ///< kept in locked memory while a key of that token is loaded
  none,    ///< wiped: the next login reads the source again
};

/// `[policy]`: refused before use, with the rule's name.
struct PolicyConfig {
  bool require_token = false;
  unsigned min_rsa_bits = 0;  ///< 0: no rule
  std::vector<std::string> module_allow = {};  ///< empty: no rule
  PinCache pin_cache = PinCache::memory;
};

enum class PinTime { at_load, at_use };

/// `[openssl]`
struct OpensslConfig {
  bool eager = false;
  PinTime pin = PinTime::at_load;
  unsigned async_workers = 16;  ///< asynchronous operations that run at once in a process; 1 to 512
  unsigned async_queue = 1024;  ///< those that may wait for a worker; 1 to 65536
  bool static_rsa = false;  ///< TLS 1.2's RSA key exchange (RFC 5246, 7.4.7.1)
};

/// `[system]`
struct SystemConfig {
  std::string certdata = {};  ///< a certdata.txt of NSS that `system:` reads as well; absolute
};

/// `[log]`
struct LogConfig {
  std::string to = {};  ///< "file:PATH", "syslog", "journal", "stderr" (the command only) or empty
  LogLevel level = LogLevel::info;
};

/// The configuration (DESIGN.md, section 4). A value; immutable once parsed.
struct Config {
  std::string origin = {};  ///< the file it came from; empty: built-in defaults
  std::vector<ModuleConfig> modules = {};
  std::vector<IdentityConfig> identities = {};
  PolicyConfig policy = {};
  OpensslConfig openssl = {};
  SystemConfig system = {};
  LogConfig log = {};

  /// Parses TOML. Unknown keys are errors. Errors: invalid_argument with `origin`, line, column.
  KEYSTORE_API static Result<Config> parse(std::string_view toml, std::string_view origin);
  /// Reads one file and sets the `env` of its modules where missing. Errors: as parse(), io.
  KEYSTORE_API static Result<Config> load(const std::string& path);
  /// The path that applies now: `$KEYSTORE_CONFIG` (not in set-user-id programs), else
  /// `~/.config/keystore/config.toml`, else `/etc/keystore/config.toml`; empty when none exists.
  KEYSTORE_API static std::string default_path();
};

/// The process's configuration, read at the first call and kept. A failure is kept as well.
KEYSTORE_API Result<std::shared_ptr<const Config>> process_config();

}  // namespace keystore
