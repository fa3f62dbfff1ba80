#include "tools/openssl_cnf.h"

#include <fmt/format.h>
#include <openssl/conf.h>
#include <openssl/err.h>

#include <filesystem>
#include <memory>

namespace keystore::cli {
namespace {

struct FreeConf {
  void operator()(CONF* conf) const noexcept { NCONF_free(conf); }
};

std::string value(const CONF* conf, const std::string& section, const char* name,
                  const std::string& otherwise);

}  // namespace

Result<CnfSections> read_sections(const std::string& file) {
  ERR_set_mark();
  const std::unique_ptr<CONF, FreeConf> conf(NCONF_new(nullptr));
  long line = 0;
  const bool good = conf && NCONF_load(conf.get(), file.c_str(), &line) == 1;
  CnfSections sections;
  if (good) {
    sections.init = value(conf.get(), "default", "openssl_conf", sections.init);
    sections.providers = value(conf.get(), sections.init, "providers", sections.providers);
    sections.default_provider =
        value(conf.get(), sections.providers, "default", sections.default_provider);
  }
  ERR_pop_to_mark();
  if (good) return sections;
  return fail(Errc::malformed, fmt::format("{}: OpenSSL cannot read line {}", file, line));
}

std::string provider_cnf(const std::string& module, const CnfSections& sections, bool montgomery) {
  return fmt::format(
      "# Loads OpenSSL's own algorithms first, then the keystore provider.\n"
      "[default]\n"
      "config_diagnostics = 1\n"
      "openssl_conf = {0}\n"
      "\n"
      "[{0}]\n"
      "providers = {1}\n"
      "\n"
      "[{1}]\n"
      "default = {2}\n"
      "keystore = keystore_provider\n"
      "\n"
      "[{2}]\n"
      "activate = 1\n"
      "\n"
      "[keystore_provider]\n"
      "module = {3}\n"
      "{4}"
      "activate = 1\n",
      sections.init, sections.providers, sections.default_provider, module,
      montgomery ? "montgomery = yes\n" : "");
}

std::string included_file(const std::string& file) {
  return (std::filesystem::path(file).parent_path() / "keystore.cnf").string();
}

std::string include_lines(const std::string& included) {
  return fmt::format("\n# Added by keystore openssl-conf --install\n.include {}\n", included);
}

std::string with_include(std::string_view text, const std::string& included) {
  const auto lines = include_lines(included);
  return std::string(text) + (text.find(lines) == text.npos ? lines : "");
}

std::string without_include(std::string_view text, const std::string& included) {
  const auto lines = include_lines(included);
  std::string result(text);
  if (const auto at = text.find(lines); at != text.npos) result.erase(at, lines.size());
  return result;
}

namespace {

std::string value(const CONF* conf, const std::string& section, const char* name,
                  const std::string& otherwise) {
  const char* const text = NCONF_get_string(conf, section.c_str(), name);
  return text == nullptr ? otherwise : text;
}

}  // namespace
}  // namespace keystore::cli
