#include "tools/io.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "keystore/file.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace keystore::cli {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept {
    if (file != stdin) std::fclose(file);
  }
};
using FilePtr = std::unique_ptr<std::FILE, CloseFile>;

}  // namespace

Result<Bytes> read_input(const std::string& file) {
  const FilePtr input(file == "-" ? stdin : std::fopen(file.c_str(), "rb"));
  if (!input) return Failure(error_from_errno(errno, "fopen", "read", file));
  Bytes content;
  std::array<std::uint8_t, 65536> piece;
  while (const auto size = std::fread(piece.data(), 1, piece.size(), input.get())) {
    content.insert(content.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size));
  }
  if (std::ferror(input.get())) return Failure(error_from_errno(errno, "fread", "read", file));
  return content;
}

Result<void> write_output(const std::string& file, BytesView content, bool force, unsigned mode) {
  if (file == "-") {
    const ProgressPause pause;
    std::fwrite(content.data(), 1, content.size(), stdout);
    return {};
  }
  const auto written = write_file(file, content, {.mode = mode, .replace = force});
  if (!written) {
    auto error = written.error();
    if (error.code == Errc::already_exists) error.hint = "--force replaces it and keeps a backup";
    return Failure(std::move(error));
  }
  if (!written->empty()) print_log(fmt::format("the old file is kept as {}", *written));
  return {};
}

}  // namespace keystore::cli
