#include "keystore/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "keystore/file.h"
#include "keystore/internal/config_reader.h"
#include "keystore/uri.h"

namespace keystore {

namespace {

Config read_document(const ConfigTable& document);
ModuleConfig read_module(const std::string& name, const ConfigTable& table);
IdentityConfig read_identity(const std::string& name, const ConfigTable& table);
PolicyConfig read_policy(const ConfigTable& table);
OpensslConfig read_openssl(const ConfigTable& table);
SystemConfig read_system(const ConfigTable& table);
LogConfig read_log(const ConfigTable& table);
unsigned number_from_1(const ConfigTable& table, std::string_view key, unsigned fallback,
                       unsigned most);
void require_uri(const ConfigTable& table, std::string_view key, const std::string& text);
void require_absolute(const ConfigTable& table, std::string_view key, const std::string& path);
std::string variable(const char* name);

}  // namespace

Result<Config> Config::parse(std::string_view toml, std::string_view origin) {
  std::optional<Error> failure;
  Config config;
  try {
    const auto document = toml::parse(toml);
    config = read_document(ConfigTable(&document, {}, origin, failure));
  } catch (const toml::parse_error& error) {
    return fail(Errc::invalid_argument,
                fmt::format("{}: {}", config_place(origin, error.source()), error.description()));
  }
  if (failure) return Failure(std::move(*failure));
  config.origin = origin;
  return config;
}

Result<Config> Config::load(const std::string& path) {
  constexpr std::size_t limit = 1U << 20;
  const auto content = read_file(path, limit);
  if (!content) {
    auto error = content.error();
    if (error.code == Errc::not_found) {
      error.code = Errc::invalid_argument;
      error.hint = "the configuration is the file that $KEYSTORE_CONFIG names";
    } else {
      error.code = Errc::io;
    }
    return Failure(std::move(error));
  }
  auto config = parse(as_text(content->view()), path);
  if (!config) return config;
  for (const auto& module : config->modules) {
    for (const auto& [name, value] : module.env) setenv(name.c_str(), value.c_str(), 0);
  }
  return config;
}

// A set-user-id program must not take orders from its user: secure_getenv hides these there.
std::string Config::default_path() {
  if (auto path = variable("KEYSTORE_CONFIG"); !path.empty()) return path;
  if (const auto home = variable("HOME"); !home.empty()) {
    auto path = home + "/.config/keystore/config.toml";
    if (access(path.c_str(), F_OK) == 0) return path;
  }
  const std::string path = "/etc/keystore/config.toml";
  return access(path.c_str(), F_OK) == 0 ? path : std::string();
}

namespace {

Config read_document(const ConfigTable& document) {
  document.allow_only({"modules", "identities", "policy", "openssl", "system", "log"});
  Config config;
  for (const auto& [name, table] : document.table("modules").tables()) {
    config.modules.push_back(read_module(name, table));
  }
  for (const auto& [name, table] : document.table("identities").tables()) {
    config.identities.push_back(read_identity(name, table));
  }
  config.policy = read_policy(document.table("policy"));
  config.openssl = read_openssl(document.table("openssl"));
  config.system = read_system(document.table("system"));
  config.log = read_log(document.table("log"));
  return config;
}

ModuleConfig read_module(const std::string& name, const ConfigTable& table) {
  table.allow_only({"path", "env", "args"});
  ModuleConfig module{name, table.text("path"), table.text_map("env"), table.text("args")};
  require_absolute(table, "path", module.path);
  for (const auto& [variable_name, value] : module.env) {
    const bool sound = !variable_name.empty() && variable_name.find('=') == variable_name.npos;
    if (!sound) table.reject("env", "holds a name that no environment variable can have");
  }
  return module;
}

IdentityConfig read_identity(const std::string& name, const ConfigTable& table) {
  table.allow_only({"key", "chain", "pin"});
  IdentityConfig identity{name, table.texts("key"), {}, {}};
  if (identity.keys.empty()) table.reject("key", "is missing: the URI of a key, or a list of them");
  for (const auto& key : identity.keys) require_uri(table, "key", key);
  if (table.has("chain")) {
    identity.chain = table.text("chain");
    require_uri(table, "chain", *identity.chain);
  }
  if (table.has("pin")) {
    auto source = SecretSource::parse(table.text("pin"));
    if (source) {
      identity.pin = std::move(*source);
    } else {
      table.reject("pin", source.error().message, source.error().hint);
    }
  }
  return identity;
}

PolicyConfig read_policy(const ConfigTable& table) {
  table.allow_only({"require_token", "min_rsa_bits", "module_allow", "pin_cache"});
  PolicyConfig policy{table.flag("require_token", false), table.number("min_rsa_bits", 0),
                      table.texts("module_allow"), PinCache::memory};
  for (const auto& path : policy.module_allow) require_absolute(table, "module_allow", path);
  const auto cache = table.text("pin_cache", "memory");
  if (cache == "none") {
    policy.pin_cache = PinCache::none;
  } else if (cache != "memory") {
    table.reject("pin_cache", "must be \"memory\" or \"none\"");
  }
  return policy;
}

OpensslConfig read_openssl(const ConfigTable& table) {
  table.allow_only({"eager", "pin", "async_workers", "async_queue", "static_rsa"});
  OpensslConfig openssl;
  openssl.eager = table.flag("eager", false);
  openssl.static_rsa = table.flag("static_rsa", false);
  const auto pin = table.text("pin", "at-load");
  if (pin == "at-use") {
    openssl.pin = PinTime::at_use;
  } else if (pin != "at-load") {
    table.reject("pin", "must be \"at-load\" or \"at-use\"");
  }
  openssl.async_workers = number_from_1(table, "async_workers", openssl.async_workers, 512);
  openssl.async_queue = number_from_1(table, "async_queue", openssl.async_queue, 65536);
  return openssl;
}

SystemConfig read_system(const ConfigTable& table) {
  table.allow_only({"certdata"});
  SystemConfig system{table.text("certdata")};
  if (table.has("certdata")) require_absolute(table, "certdata", system.certdata);
  return system;
}

LogConfig read_log(const ConfigTable& table) {
  table.allow_only({"to", "level"});
  LogConfig log{table.text("to"), LogLevel::info};
  const bool known = log.to == "syslog" || log.to == "journal" || log.to == "stderr" ||
                     (log.to.starts_with("file:") && log.to.size() > 5);
  if (table.has("to") && !known) {
    table.reject("to", "must be \"file:PATH\", \"syslog\", \"journal\" or \"stderr\"");
  }
  const auto level = table.text("level", "info");
  if (level == "error") {
    log.level = LogLevel::error;
  } else if (level == "warning") {
    log.level = LogLevel::warning;
  } else if (level == "debug") {
    log.level = LogLevel::debug;
  } else if (level != "info") {
    table.reject("level", "must be \"error\", \"warning\", \"info\" or \"debug\"");
  }
  return log;
}

unsigned number_from_1(const ConfigTable& table, std::string_view key, unsigned fallback,
                       unsigned most) {
  const auto number = table.number(key, fallback);
  if (number >= 1 && number <= most) return number;
  table.reject(key, fmt::format("must be a whole number from 1 to {}", most));
  return fallback;
}

void require_uri(const ConfigTable& table, std::string_view key, const std::string& text) {
  const auto uri = Uri::parse(text);
  if (!uri) table.reject(key, uri.error().message, uri.error().hint);
}

void require_absolute(const ConfigTable& table, std::string_view key, const std::string& path) {
  if (!path.starts_with('/')) table.reject(key, "must be an absolute path");
}

std::string variable(const char* name) {
  const char* value = secure_getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

}  // namespace keystore
