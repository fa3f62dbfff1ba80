#include "backends/pkcs11/p11kit_modules.h"

#include <errno.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>

namespace keystore::pkcs11 {
namespace {

using Settings = std::map<std::string, std::string, std::less<>>;

/// Where p11-kit looks for a module that is named without a folder.
constexpr const char* module_folder =
#if defined(__x86_64__)
    "/usr/lib/x86_64-linux-gnu/pkcs11/";
#elif defined(__aarch64__)
    "/usr/lib/aarch64-linux-gnu/pkcs11/";
#else
    "/usr/lib/pkcs11/";
#endif

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

Settings read_settings(const std::filesystem::path& file) {
  Settings settings;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto text = trim(line);
    const auto colon = text.find(':');
    if (text.empty() || text.front() == '#' || colon == std::string_view::npos) continue;
    settings[std::string(trim(text.substr(0, colon)))] = trim(text.substr(colon + 1));
  }
  return settings;
}

bool lists(std::string_view programs, std::string_view program) {
  while (!programs.empty()) {
    const auto end = std::min(programs.find_first_of(", \t"), programs.size());
    if (programs.substr(0, end) == program) return true;
    programs.remove_prefix(std::min(end + 1, programs.size()));
  }
  return false;
}

bool wanted_here(const Settings& settings) {
  const auto value = [&](std::string_view name) -> std::string_view {
    const auto found = settings.find(name);
    return found == settings.end() ? std::string_view() : found->second;
  };
  const std::string_view program = program_invocation_short_name;
  if (value("module").empty() || value("trust-policy") == "yes") return false;
  if (!value("enable-in").empty()) return lists(value("enable-in"), program);
  return !lists(value("disable-in"), program);
}

void read_folder(const std::filesystem::path& folder, std::map<std::string, Settings>& modules) {
  std::error_code stopped;  // a folder that is not there, or cannot be read further, ends it
  const std::filesystem::directory_iterator end;
  for (std::filesystem::directory_iterator at(folder, stopped); !stopped && at != end;
       at.increment(stopped)) {
    const auto& file = at->path();
    if (file.extension() == ".module") modules[file.stem()] = read_settings(file);
  }
}

}  // namespace

std::vector<P11kitModule> p11kit_modules() {
  std::map<std::string, Settings> modules;
  read_folder("/usr/share/p11-kit/modules", modules);
  read_folder("/etc/pkcs11/modules", modules);
  if (const char* home = secure_getenv("HOME")) {
    read_folder(std::filesystem::path(home) / ".config/pkcs11/modules", modules);
  }
  std::vector<P11kitModule> found;
  for (const auto& [name, settings] : modules) {
    if (!wanted_here(settings)) continue;
    const auto& path = settings.at("module");
    found.push_back({name, path.starts_with('/') ? path : module_folder + path});
  }
  return found;
}

}  // namespace keystore::pkcs11
