#include "tools/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>

#include "keystore/internal/quiet_thread.h"
#include "keystore/internal/terminal_turn.h"
#include "keystore/uri.h"
#include "tools/output.h"

namespace keystore::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr seconds patience{1};
constexpr std::size_t longest_line = 200;

/// The columns that the line fills now.
std::atomic<std::size_t> columns_shown = 0;

void put(std::string_view text) noexcept;
void erase() noexcept;
bool can_overwrite();
std::size_t columns_of_terminal();
std::string cut(const std::string& text, std::size_t columns);

/// What there is to say, and the thread that says it once a second.
class Progress {
 public:
  /// Never destroyed: its thread runs until the process ends.
  static Progress& instance() {
    static auto& progress = *new Progress;
    return progress;
  }

  /// Returns what was said before.
  std::string say(std::string what) {
    const std::lock_guard lock(mutex_);
    if (what.empty()) erase();
    const bool begins = what_.empty();
    std::swap(what, what_);
    if (begins && enabled_) wake_up();
    return what;
  }
  void pause() {
    const std::lock_guard lock(mutex_);
    ++pauses_;
    erase();
  }
  void go_on(bool asked) {
    const std::lock_guard lock(mutex_);
    --pauses_;
    if (asked) since_ = Clock::now();
  }

 private:
  Progress() : enabled_(isatty(STDERR_FILENO) == 1 && can_overwrite()) {
    if (!enabled_) return;
    on_terminal_question([]() -> TerminalTurn {
      return std::make_shared<ProgressPause>(ProgressPause::For::question);
    });
  }

  void wake_up() {
    if (!running_) running_ = start_quiet_thread("progress", [this] { run(); });
    changed_.notify_one();
  }

  [[noreturn]] void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (what_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const auto waited = std::chrono::floor<seconds>(Clock::now() - since_);
      if (waited >= patience && pauses_ == 0) draw(waited);
      changed_.wait_until(lock, since_ + waited + seconds(1));
    }
  }

  void draw(seconds waited) const {
    erase();
    const auto line = cut(fmt::format("keystore: {} ... {} s", printable(what_), waited.count()),
                          columns_of_terminal());
    columns_shown = std::min(line.size(), longest_line);
    put(line);
  }

  const bool enabled_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string what_;
  Clock::time_point since_ = Clock::now();
  int pauses_ = 0;
  bool running_ = false;
};

std::string on(std::string_view doing, const std::string& text) {
  const auto uri = Uri::parse(text);
  return uri ? fmt::format("{} {}", doing, uri->canonical()) : std::string(doing);
}

}  // namespace

Waiting::Waiting(std::string what) : outer_(Progress::instance().say(std::move(what))) {}

Waiting::Waiting(std::string_view doing, const std::string& uri) : Waiting(on(doing, uri)) {}

Waiting::~Waiting() { Progress::instance().say(std::move(outer_)); }

void Waiting::now(std::string what) { Progress::instance().say(std::move(what)); }

ProgressPause::ProgressPause(For why) : why_(why) { Progress::instance().pause(); }

ProgressPause::~ProgressPause() { Progress::instance().go_on(why_ == For::question); }

void erase_progress_at_interrupt() noexcept { erase(); }

namespace {

void put(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto count = write(STDERR_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// By blanks: not every terminal knows how to erase a line.
void erase() noexcept {
  static constexpr auto blanks = [] {
    std::array<char, longest_line> all = {};
    all.fill(' ');
    return all;
  }();
  const auto columns = columns_shown.exchange(0);
  if (columns == 0) return;
  put("\r");
  put({blanks.data(), columns});
  put("\r");
}

/// Terminals that know no carriage return are called dumb: those of editors, say.
bool can_overwrite() {
  const char* const kind = std::getenv("TERM");
  return kind == nullptr || std::string_view(kind) != "dumb";
}

std::size_t columns_of_terminal() {
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

/// To less than a row: the last column is left free, or the terminal would begin another one.
/// Octets are counted, which are at least as many as columns.
std::string cut(const std::string& text, std::size_t columns) {
  auto most = std::min(std::max<std::size_t>(columns, 2) - 1, longest_line);
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U) --most;
  return text.substr(0, most);
}

}  // namespace
}  // namespace keystore::cli
