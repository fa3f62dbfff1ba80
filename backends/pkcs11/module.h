#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backends/pkcs11/call_gate.h"
#include "backends/pkcs11/cryptoki.h"
#include "backends/pkcs11/functions.h"
#include "backends/pkcs11/library.h"
#include "backends/pkcs11/patience.h"
#include "backends/pkcs11/process_state.h"
#include "backends/pkcs11/rv_table.h"
#include "backends/pkcs11/token_identity.h"
#include "backends/pkcs11/trace.h"
#include "backends/pkcs11/turn.h"
#include "keystore/backend.h"

namespace keystore::pkcs11 {

class Token;

/// What C_GetInfo says, blanks trimmed.
struct ModuleInfo {
  std::string manufacturer = {};
  std::string description = {};
  std::string version = {};  ///< "2.6"
};

/// A slot with a token in it, as it was at one moment.
struct SlotToken {
  CK_SLOT_ID slot = 0;
  CK_TOKEN_INFO info = {};
};

/// A library as this process uses it: initialised once, with the tokens reached through it.
class Module {
 public:
  Module(const Library& library, ProcessState& process, Module* previous);
  ~Module();

  const Library& library() const noexcept { return library_; }
  Module* previous() const noexcept { return previous_; }
  const Quirks& quirks() const noexcept { return *library_.quirks.load(); }
  const ModuleInfo& info() const noexcept { return info_; }
  /// Counts how often the module was initialised: handles of before mean nothing now.
  std::uint32_t initialisation() const noexcept { return initialisation_.load(); }
  CallCounters& counters() noexcept { return counters_; }
  ProcessState& process() noexcept { return process_; }

  /// Initialises on first use. CKR_CRYPTOKI_ALREADY_INITIALIZED: someone else's, used as it is.
  Result<void> initialise(const Patience& patience);
  /// After CKR_CRYPTOKI_NOT_INITIALIZED; nothing when another thread did it since `seen`.
  Result<void> initialise_again(std::uint32_t seen, const Patience& patience);
  /// Finalises it and initialises it anew, so that it looks for tokens or connects again: only one
  /// that we initialised, that nobody is inside and that has no living session of ours. True too
  /// when another thread did so since `seen`.
  bool start_again(std::uint32_t seen, const Patience& patience);
  /// start_again() where that is how the module comes to see new tokens.
  bool look_for_tokens_again(const Patience& patience);
  /// The same for a module that connects to its device only at its start.
  bool connect_again(const Patience& patience);

  /// Slots with tokens. `refresh` makes the module look for new ones (PKCS#11 2.40, C_GetSlotList).
  /// Stands in line with the process tree `until` then. A module that cannot even say which slots
  /// it has lost what it set up at its start, and is started again first.
  Result<std::vector<SlotToken>> tokens(bool refresh, Patience::Clock::time_point until);
  /// What the token in `slot` can do, ordered.
  Result<std::vector<CK_MECHANISM_TYPE>> mechanisms(CK_SLOT_ID slot);
  /// What it says of one of them; not set when it says nothing.
  std::optional<CK_MECHANISM_INFO> mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism);
  /// This process's state of a token, made on first use.
  Token& token(const TokenIdentity& identity);

  /// Logs the calls that do not come back, each once: by whoever works meanwhile, because a thread
  /// in such a call cannot. Looks once a second, and costs a load else.
  void watch_calls() noexcept {
    if (counters_.look_is_due()) [[unlikely]]
      report_hanging_calls();
  }

  /// At the exit of the process, the gate being closed: ends our threads, and finalises if we
  /// initialised and nobody is inside.
  void end() noexcept;

  /// Every call into the library goes through here: guarded against coming back into our own
  /// provider, counted, traced, and not made any more once the process ends.
  template <class Pointer, class... Arguments>
  CK_RV call(CallCounters::Lane& lane, const Function<Pointer>& function, Arguments... arguments) {
    const auto pointer = library_.functions->*function.place;
    if (pointer == nullptr) return CKR_FUNCTION_NOT_SUPPORTED;
    if (!process_.gate().enter(lane)) return rv_process_ends;
    if (tracing()) [[unlikely]]
      return traced_call(lane, function, pointer, arguments...);
    const bool remembered = lane.remember_call(function.name);
    CK_RV rv = CKR_OK;
    {
      const BackendCall inside;
      rv = pointer(arguments...);
    }
    if (remembered) lane.forget_call();
    process_.gate().leave(lane);
    return rv;
  }
  /// As call(), for what belongs to no session.
  template <class Pointer, class... Arguments>
  CK_RV call_module(const Function<Pointer>& function, Arguments... arguments) {
    return call(counters_.lane(0), function, arguments...);
  }

 private:
  template <class Pointer, class... Arguments>
  CK_RV traced_call(CallCounters::Lane& lane, const Function<Pointer>& function, Pointer pointer,
                    Arguments... arguments) {
    const auto start = std::chrono::steady_clock::now();
    const bool remembered = lane.remember_call(function.name);
    CK_RV rv = CKR_OK;
    {
      const BackendCall inside;
      rv = pointer(arguments...);
    }
    if (remembered) lane.forget_call();
    std::string text = function.name;
    text += '(';
    ((text += trace_argument(arguments), text += ", "), ...);
    if (text.ends_with(", ")) text.resize(text.size() - 2);
    text += ')';
    trace_call(text, rv, start);
    process_.gate().leave(lane);
    return rv;
  }
  Result<void> initialise_now(const Patience& patience);
  bool used_by_parent() const noexcept;
  Result<std::vector<SlotToken>> list_tokens(bool refresh, Patience::Clock::time_point until);
  CK_RV call_initialise();
  CK_RV call_finalise() noexcept;
  bool finalise_while_idle() noexcept;
  void read_info();
  void report_hanging_calls() noexcept;

  const Library& library_;
  ProcessState& process_;
  Module* const previous_;
  CallCounters counters_;
  Turn turn_{counters_};
  std::atomic<std::uint32_t> initialisation_ = 0;
  std::atomic<bool> ours_ = false;
  ModuleInfo info_;
  std::mutex adding_;
  std::timed_mutex finalising_;  ///< held inside C_Finalize, which comes through no gate
  std::atomic<Token*> tokens_ = nullptr;
};

}  // namespace keystore::pkcs11
