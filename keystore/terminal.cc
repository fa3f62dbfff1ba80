#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "keystore/internal/fd.h"
#include "keystore/internal/terminal_turn.h"
#include "keystore/secret_source.h"

namespace keystore {

namespace {

constexpr std::size_t longest_line = 1024;

// Echo off while it lives. ^C arrives as an octet rather than as a signal, so that the terminal is
// always put back and the host's signal handlers are left alone.
class QuietTerminal {
 public:
  explicit QuietTerminal(int fd) noexcept;
  ~QuietTerminal();
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  bool is_terminal() const noexcept { return is_terminal_; }
  bool cancels(unsigned char octet) const noexcept { return octet == before_.c_cc[VINTR]; }
  bool ends(unsigned char octet) const noexcept { return octet == '\n' || octet == '\r'; }
  bool is_end_of_input(unsigned char octet) const noexcept { return octet == before_.c_cc[VEOF]; }
  bool erases(unsigned char octet) const noexcept {
    return octet == before_.c_cc[VERASE] || octet == '\b' || octet == 0x7f;
  }
  bool erases_all(unsigned char octet) const noexcept { return octet == before_.c_cc[VKILL]; }

 private:
  int fd_;
  termios before_ = {};
  bool is_terminal_;
};

Result<Secret> read_line(int fd, const QuietTerminal& terminal);
std::size_t without_last_character(BytesView line);
void say(int fd, std::string_view text);

}  // namespace

Result<Secret> read_secret_from_terminal(std::string_view prompt) {
  const Fd fd(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!fd) {
    return fail(Errc::pin_required, fmt::format("no terminal to ask for the {}", prompt),
                "give a source that needs no terminal, such as file:PATH or cred:NAME");
  }
  const auto turn = take_terminal_turn();
  const QuietTerminal terminal(fd.get());
  if (!terminal.is_terminal()) {
    return fail(Errc::pin_required, fmt::format("cannot ask for the {} with echo off", prompt));
  }
  say(fd.get(), fmt::format("{}: ", prompt));
  auto line = read_line(fd.get(), terminal);
  say(fd.get(), "\n");
  return line;
}

namespace {

QuietTerminal::QuietTerminal(int fd) noexcept
    : fd_(fd), is_terminal_(tcgetattr(fd, &before_) == 0) {
  if (!is_terminal_) return;
  termios quiet = before_;
  quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL | ICANON | ISIG);
  quiet.c_cc[VMIN] = 1;
  quiet.c_cc[VTIME] = 0;
  is_terminal_ = tcsetattr(fd, TCSAFLUSH, &quiet) == 0;
}

QuietTerminal::~QuietTerminal() {
  if (is_terminal_) tcsetattr(fd_, TCSAFLUSH, &before_);
}

Result<Secret> read_line(int fd, const QuietTerminal& terminal) {
  Secret line(longest_line);
  Secret octet(1);
  std::size_t size = 0;
  for (;;) {
    const auto count = read(fd, octet.writable().data(), 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failure(error_from_errno(errno, "read", "read", "the terminal"));
    const unsigned char typed = octet.view()[0];
    const bool at_end = count == 0 || terminal.is_end_of_input(typed);
    if (terminal.cancels(typed) || (at_end && size == 0)) {
      return fail(Errc::cancelled, "cancelled at the prompt");
    }
    if (at_end || terminal.ends(typed)) break;
    if (terminal.erases(typed)) {
      size = without_last_character(line.view().first(size));
    } else if (terminal.erases_all(typed)) {
      size = 0;
    } else if (size == longest_line) {
      return fail(Errc::invalid_argument, fmt::format("more than {} octets typed", longest_line));
    } else {
      line.writable()[size++] = typed;
    }
  }
  line.shrink(size);
  return line;
}

// A character of UTF-8 may be several octets.
std::size_t without_last_character(BytesView line) {
  auto size = line.size();
  while (size > 0) {
    --size;
    if ((line[size] & 0xc0) != 0x80) break;
  }
  return size;
}

void say(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto count = write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

}  // namespace keystore
