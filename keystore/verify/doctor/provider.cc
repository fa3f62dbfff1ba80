#include <fmt/format.h>
#include <openssl/conf.h>
#include <openssl/core_names.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/verify/doctor/child.h"
#include "keystore/verify/doctor/installation.h"
#include "keystore/verify/doctor/report.h"

namespace keystore::verify::doctor {
namespace {

/// What a library context is like once it has read the configuration; letters of a child's answer.
constexpr char has_ours = 'k';
constexpr char has_default = 'd';
constexpr char ours_goes_first = 'f';

std::string configuration_file();
std::string look_at(const std::string& file);
bool names_ours(const std::string& file);
std::string not_loaded(const std::string& file, bool named);
std::string install_command(const std::string& file);

}  // namespace

void judge_provider(const CheckOptions& options, TargetReport& report) {
  const auto file = configuration_file();
  const auto child = run_in_child([&] { return look_at(file); }, options.time_limit);
  const auto seen = [&](char what) { return child.answer.find(what) != std::string::npos; };
  if (!seen(has_ours)) {
    const bool named = names_ours(file);
    add(report, Code::provider_not_loaded, not_loaded(file, named),
        {"add it to that file, or set OPENSSL_CONF for the programs that need it (keystore "
         "openssl-conf > FILE)",
         named || file.empty() ? "" : install_command(file)},
        named ? Severity::error : Severity::warning);
    return;
  }
  if (!seen(has_default)) {
    add(report, Code::provider_default_missing,
        fmt::format("OpenSSL's configuration {} activates the keystore provider and not default",
                    file),
        {"activate default in front of it", install_command(file)});
  } else if (seen(ours_goes_first)) {
    add(report, Code::provider_order,
        fmt::format("by OpenSSL's configuration {} the keystore provider goes before default",
                    file),
        {"name default first in its providers section, and leave out default_properties that "
         "prefer ours"});
  }
}

namespace {

struct FreeConf {
  void operator()(CONF* conf) const noexcept { NCONF_free(conf); }
};

std::string configuration_file() {
  const OpensslMemoryPtr<char> file(CONF_get1_default_config_file());
  return file == nullptr ? std::string() : file.get();
}

bool is_ours(const OSSL_PROVIDER* provider) {
  char* name = nullptr;
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_ptr(OSSL_PROV_PARAM_NAME, &name, 0),
                         OSSL_PARAM_construct_end()};
  return OSSL_PROVIDER_get_params(provider, params) == 1 && name != nullptr &&
         std::string_view(name) == "Keystore";
}

/// In a child: it loads what the file names. Whose keys are taken is asked first, because looking
/// for a provider by name sorts OpenSSL's list (3.0).
std::string look_at(const std::string& file) {
  const OsslLibCtxPtr library(OSSL_LIB_CTX_new());
  if (!library || OSSL_LIB_CTX_load_config(library.get(), file.c_str()) != 1) return {};
  std::string seen;
  const EvpKeymgmtPtr keys(EVP_KEYMGMT_fetch(library.get(), "EC", nullptr));
  if (keys && is_ours(EVP_KEYMGMT_get0_provider(keys.get()))) seen += ours_goes_first;
  if (OSSL_PROVIDER_available(library.get(), "default") == 1) seen += has_default;
  OSSL_PROVIDER_do_all(
      library.get(),
      [](OSSL_PROVIDER* provider, void* found) {
        if (is_ours(provider)) *static_cast<std::string*>(found) += has_ours;
        return 1;
      },
      &seen);
  return seen;
}

/// Whether one of its provider sections has a module that is called as ours.
bool names_ours(const std::string& file) {
  const OpensslErrorMark mark;
  const std::unique_ptr<CONF, FreeConf> conf(NCONF_new(nullptr));
  long line = 0;
  if (!conf || NCONF_load(conf.get(), file.c_str(), &line) != 1) return false;
  const char* const init = NCONF_get_string(conf.get(), "default", "openssl_conf");
  const char* const section =
      init == nullptr ? nullptr : NCONF_get_string(conf.get(), init, "providers");
  if (section == nullptr) return false;
  const auto* providers = NCONF_get_section(conf.get(), section);
  for (int i = 0; i < sk_CONF_VALUE_num(providers); ++i) {
    const auto* own = sk_CONF_VALUE_value(providers, i);
    const char* const module = NCONF_get_string(conf.get(), own->value, "module");
    const auto path = std::string_view(module == nullptr ? "" : module);
    if (std::string_view(own->name) == "keystore" || path.ends_with("/keystore.so")) return true;
  }
  return false;
}

std::string not_loaded(const std::string& file, bool named) {
  if (file.empty()) return "OPENSSL_CONF is empty: OpenSSL reads no configuration";
  const auto start = fmt::format("OpenSSL's configuration {} ", file);
  return start + (named ? "names the keystore provider, which cannot be loaded"
                        : "does not load the keystore provider");
}

std::string install_command(const std::string& file) {
  return fmt::format("keystore openssl-conf --install --openssl-cnf {} --yes", shell_word(file));
}

}  // namespace
}  // namespace keystore::verify::doctor
