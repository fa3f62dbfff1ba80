#include "tools/ask.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "tools/output.h"
#include "tools/progress.h"

namespace keystore::cli {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using FilePtr = std::unique_ptr<std::FILE, CloseFile>;

}  // namespace

bool has_terminal() { return FilePtr(std::fopen("/dev/tty", "r+")) != nullptr; }

Result<std::string> ask_line(std::string_view prompt) {
  const FilePtr terminal(std::fopen("/dev/tty", "r+"));
  if (!terminal) return fail(Errc::invalid_argument, "there is no terminal to ask on");
  const ProgressPause pause(ProgressPause::For::question);
  std::fputs((printable(prompt) + ' ').c_str(), terminal.get());
  std::fflush(terminal.get());
  std::string line;
  for (int c = std::fgetc(terminal.get()); c != '\n'; c = std::fgetc(terminal.get())) {
    if (c == EOF) return fail(Errc::cancelled, "the question was not answered");
    line += static_cast<char>(c);
  }
  return line;
}

Result<void> confirm(std::string_view question, bool yes) {
  if (yes) return {};
  const auto answer = ask_line(fmt::format("{} [y/N]", question));
  if (answer && (*answer == "y" || *answer == "yes")) return {};
  if (answer || answer.error().code == Errc::cancelled) {
    return fail(Errc::access_denied, "not confirmed, nothing was changed");
  }
  return fail(Errc::access_denied, fmt::format("cannot ask \"{}\": there is no terminal", question),
              "give --yes where nobody can answer");
}

}  // namespace keystore::cli
