#include "tests/support/workspace.h"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace keystore::testing {
namespace {

void set_variable(const std::string& name, const std::optional<std::string>& value);

}  // namespace

Workspace::Workspace() : owner_(getpid()) {
  auto pattern = (std::filesystem::temp_directory_path() / "keystore-test-XXXXXX").string();
  if (!mkdtemp(pattern.data())) {
    throw std::system_error(errno, std::generic_category(), "cannot make " + pattern);
  }
  path_ = pattern;
}

Workspace::~Workspace() {
  if (owner_ != getpid()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path Workspace::write(std::string_view name, std::string_view content) const {
  auto file = path_ / name;
  write_text(file, content);
  return file;
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_text(const std::filesystem::path& path, std::string_view content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << content << std::flush;
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

EnvironmentGuard::EnvironmentGuard(std::string name, std::optional<std::string> value)
    : name_(std::move(name)) {
  if (const char* now = getenv(name_.c_str())) previous_ = now;
  set_variable(name_, value);
}

EnvironmentGuard::~EnvironmentGuard() { set_variable(name_, previous_); }

namespace {

void set_variable(const std::string& name, const std::optional<std::string>& value) {
  if (value) {
    setenv(name.c_str(), value->c_str(), 1);
  } else {
    unsetenv(name.c_str());
  }
}

}  // namespace
}  // namespace keystore::testing
