#include "keystore/internal/log_writer.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "keystore/internal/fd.h"

namespace keystore {

namespace {

void append_to_file(const std::string& path, LogLevel level, std::string_view line);
void send_datagram(const char* socket_path, std::string_view text);
std::string without_line_ends(std::string_view line);
int priority_of(LogLevel level);

}  // namespace

void write_log_line(const LogConfig& settings, LogLevel level, std::string_view line) {
  constexpr std::string_view file = "file:";
  if (settings.to.starts_with(file)) {
    append_to_file(settings.to.substr(file.size()), level, line);
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
  const Fd fd(
      open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0640));
  if (fd) [[maybe_unused]]
    const auto written = write(fd.get(), text.data(), text.size());
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
