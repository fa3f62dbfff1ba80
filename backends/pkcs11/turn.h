#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "backends/pkcs11/call_gate.h"
#include "backends/pkcs11/patience.h"

namespace keystore::pkcs11 {

/// Lets one thread at a time do a long thing (initialise, log in, heal) that may ask a person, and
/// holds no lock meanwhile. The others wait.
class Turn {
 public:
  struct GiveBack {
    void operator()(Turn* turn) const noexcept { turn->give_back(); }
  };
  using Hold = std::unique_ptr<Turn, GiveBack>;

  /// `calls` shows what the holder is doing.
  explicit Turn(const CallCounters& calls) : calls_(calls) {}

  /// Waits while another thread has it, as long as `until` says or, while a person is asked, until
  /// that is answered. Errors: timed_out; unavailable when the holder is in a call that hangs, or
  /// when this thread has it itself: a PIN callback that uses the very token it is asked for.
  Result<Hold> take(Patience::Clock::time_point until, std::string_view action);

  /// By the holder, around asking a person.
  void set_asking(bool asking);

 private:
  void give_back() noexcept;

  const CallCounters& calls_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool taken_ = false;
  bool asking_ = false;
  std::thread::id owner_;
};

}  // namespace keystore::pkcs11
