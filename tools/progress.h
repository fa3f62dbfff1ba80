#pragma once

#include <string>
#include <string_view>

namespace keystore::cli {

/// Says on the terminal what the command waits for, and for how long: one line on stderr, a second
/// after the command began (or after the last question was answered), new each second, gone before
/// anything else is written. Nothing where stderr is no terminal, or a dumb one. Scopes nest: the
/// innermost is shown. For the main thread.
class Waiting {
 public:
  explicit Waiting(std::string what);
  /// "signing with pkcs11:token=prod;object=web": the URI without its PIN.
  Waiting(std::string_view doing, const std::string& uri);
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  /// Says it in other words from the next second on.
  void now(std::string what);

 private:
  std::string outer_;
};

/// The line stays away while one of these lives. Any thread.
class ProgressPause {
 public:
  enum class For { output, question };

  explicit ProgressPause(For why = For::output);
  ~ProgressPause();
  ProgressPause(const ProgressPause&) = delete;
  ProgressPause& operator=(const ProgressPause&) = delete;

 private:
  For why_;
};

/// Takes the line away for good. Only calls that a signal handler may make.
void erase_progress_at_interrupt() noexcept;

}  // namespace keystore::cli
