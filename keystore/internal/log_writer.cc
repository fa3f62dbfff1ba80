#include "keystore/internal/log_writer.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "keystore/internal/fd.h"

namespace keystore {

namespace {

constexpr std::string_view file_prefix = "file:";

// A descriptor of the log file. The host may close it and get its number for something else, so
// what it stands for is compared before each use.
struct KeptFile {
  int fd;
  dev_t device;
  ino_t inode;
};

constinit std::atomic<const KeptFile*> kept = nullptr;

Fd open_log(const std::string& path);
int usable_descriptor(const KeptFile* file);
void append_to_file(const std::string& path, LogLevel level, std::string_view line);
void send_datagram(const char* socket_path, std::string_view text);
std::string without_line_ends(std::string_view line);
int priority_of(LogLevel level);

}  // namespace

void keep_log_open(const LogConfig& settings) {
  if (!settings.to.starts_with(file_prefix)) return;
  auto fd = open_log(settings.to.substr(file_prefix.size()));
  struct stat info = {};
  if (!fd || fstat(fd.get(), &info) != 0) return;
  auto fresh = std::make_unique<const KeptFile>(KeptFile{fd.get(), info.st_dev, info.st_ino});
  const KeptFile* none = nullptr;
  if (!kept.compare_exchange_strong(none, fresh.get())) return;
  // Both stay for as long as the process.
  (void)fresh.release();
  (void)fd.release();
}

void write_log_line(const LogConfig& settings, LogLevel level, std::string_view line) {
  if (settings.to.starts_with(file_prefix)) {
    append_to_file(settings.to.substr(file_prefix.size()), level, line);
  } else if (settings.to == "syslog") {
    // Not syslog(3): its identity and options belong to the host.
    send_datagram("/dev/log", fmt::format("<{}>keystore[{}]: {}", LOG_USER | priority_of(level),
                                          getpid(), without_line_ends(line)));
  } else if (settings.to == "journal") {
    send_datagram("/run/systemd/journal/socket",
                  fmt::format("PRIORITY={}\nSYSLOG_IDENTIFIER=keystore\nMESSAGE={}\n",
                              priority_of(level), without_line_ends(line)));
  }
}

std::string_view to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::error:
      return "error";
    case LogLevel::warning:
      return "warning";
    case LogLevel::info:
      return "info";
    case LogLevel::debug:
      return "debug";
  }
  return "info";
}

namespace {

// One write for one line: lines of several processes do not mix (POSIX, O_APPEND).
void append_to_file(const std::string& path, LogLevel level, std::string_view line) {
  const auto now =
      std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto text = fmt::format("{:%Y-%m-%dT%H:%M:%SZ} keystore[{}] {}: {}\n", fmt::gmtime(now),
                                getpid(), to_string(level), without_line_ends(line));
  const auto opened = open_log(path);
  const int fd = opened ? opened.get() : usable_descriptor(kept.load());
  if (fd >= 0) [[maybe_unused]]
    const auto written = write(fd, text.data(), text.size());
}

Fd open_log(const std::string& path) {
  return Fd(
      open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0640));
}

int usable_descriptor(const KeptFile* file) {
  struct stat info = {};
  const bool same = file != nullptr && fstat(file->fd, &info) == 0 && info.st_dev == file->device &&
                    info.st_ino == file->inode;
  return same ? file->fd : -1;
}

void send_datagram(const char* socket_path, std::string_view text) {
  const Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::string_view(socket_path).copy(address.sun_path, sizeof address.sun_path - 1);
  sendto(fd.get(), text.data(), text.size(), MSG_NOSIGNAL,
         reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

std::string without_line_ends(std::string_view line) {
  std::string text(line);
  std::replace_if(
      text.begin(), text.end(), [](char octet) { return octet == '\n' || octet == '\r'; }, ' ');
  return text;
}

int priority_of(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return LOG_ERR;
    case LogLevel::warning:
      return LOG_WARNING;
    case LogLevel::info:
      return LOG_INFO;
    case LogLevel::debug:
      return LOG_DEBUG;
  }
  return LOG_INFO;
}

}  // namespace

}  // namespace keystore
