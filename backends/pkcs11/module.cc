#include "backends/pkcs11/module.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <thread>

#include "backends/pkcs11/error.h"
#include "backends/pkcs11/token.h"
#include "backends/pkcs11/tree_lock.h"
#include "keystore/internal/worker_pool.h"
#include "keystore/log.h"

namespace keystore::pkcs11 {
namespace {

constexpr std::array back_offs = {std::chrono::milliseconds(5), std::chrono::milliseconds(15),
                                  std::chrono::milliseconds(45)};
constexpr CK_ULONG most_slots = 65536;
constexpr CK_ULONG most_mechanisms = 65536;
constexpr auto longest_wait_for_quiet = std::chrono::milliseconds(100);
constexpr auto longest_wait_at_exit = std::chrono::seconds(2);
// A call takes long on a loaded machine (NSS reads its database again in C_SignInit), and a child
// that inherits it hangs; those that hang already are not waited for.
constexpr auto longest_wait_at_fork = std::chrono::milliseconds(2500);

template <class Condition>
bool wait_until(const Condition& condition, std::chrono::milliseconds at_most) noexcept;
bool wait_until_nobody_is_inside(Module& module) noexcept;
void end_of_process();
void hook_fork();
void hook_exit();

}  // namespace

Module::Module(const Library& library, ProcessState& process, Module* previous)
    : library_(library), process_(process), previous_(previous) {}

Module::~Module() = default;

Result<void> Module::initialise(const Patience& patience) {
  if (initialisation_.load(std::memory_order_acquire) != 0) return {};
  return initialise_again(0, patience);
}

Result<void> Module::initialise_again(std::uint32_t seen, const Patience& patience) {
  const auto action = fmt::format("cannot initialise module '{}'", library_.path);
  auto turn = turn_.take(patience.first_use_deadline(), action);
  if (!turn) return Failure(turn.error());
  if (initialisation_.load() != seen) return {};
  return initialise_now(patience);
}

Result<void> Module::initialise_now(const Patience& patience) {
  const auto action = fmt::format("cannot initialise module '{}'", library_.path);
  if (used_by_parent() && quirks().dead_in_forked_child) {
    return fail(Errc::unavailable,
                fmt::format("{}: the process that this one was forked from has used it, and it "
                            "does not take part in a fork",
                            action),
                "let the parent leave the token alone before it forks (a reference PEM opens it at "
                "the first signature), or exec a program of its own");
  }
  auto tree = TreeLock::take(patience.first_use_deadline(), action);
  if (!tree) return Failure(tree.error());
  hook_fork();
  auto rv = call_initialise();
  for (const auto wait : back_offs) {
    if (rv != CKR_GENERAL_ERROR) break;  // SoftHSM: another process is writing a token just now
    if (auto go_on = patience.back_off(wait, action); !go_on) return go_on;
    rv = call_initialise();
  }
  if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
    auto error = error_from_rv(rv, "C_Initialize", action);
    error.hint =
        "check the module's own configuration, for SoftHSM the file that SOFTHSM2_CONF names";
    return Failure(std::move(error));
  }
  ours_ = rv == CKR_OK;
  if (initialisation_.load() == 0) {
    hook_exit();
    read_info();
  }
  initialisation_.fetch_add(1);
  return {};
}

/// Quirks are known in the whole process tree once one of it has initialised the module.
bool Module::used_by_parent() const noexcept {
  return initialisation_.load() == 0 && library_.quirks.load() != nullptr;
}

CK_RV Module::call_initialise() {
  set_environment(library_);
  CK_C_INITIALIZE_ARGS arguments = {};
  arguments.flags = CKF_OS_LOCKING_OK;
  // NSS and its like want their parameters where the standard says "reserved".
  std::string text = library_.init_args;
  if (!text.empty()) arguments.pReserved = text.data();
  return call_module(function::initialize, static_cast<void*>(&arguments));
}

void Module::read_info() {
  CK_INFO info = {};
  if (call_module(function::get_info, &info) == CKR_OK) {
    info_ = {.manufacturer = trimmed(info.manufacturerID),
             .description = trimmed(info.libraryDescription),
             .version = fmt::format("{}.{}", info.libraryVersion.major, info.libraryVersion.minor)};
  }
  static constexpr Quirks none = {};
  const auto* known = find_module_quirks(info_.manufacturer, info_.description, library_.path);
  library_.quirks = known != nullptr ? known : &none;
}

bool Module::start_again(std::uint32_t seen, const Patience& patience) {
  const auto action = fmt::format("cannot start module '{}' again", library_.path);
  auto turn = turn_.take(patience.first_use_deadline(), action);
  if (!turn) return false;
  if (initialisation_.load() != seen) return true;
  if (!ours_) return false;
  {
    auto tree = TreeLock::take(patience.first_use_deadline(), action);
    if (!tree || !finalise_while_idle()) return false;
  }
  return initialise_now(patience).has_value();
}

bool Module::look_for_tokens_again(const Patience& patience) {
  return quirks().tokens_fixed_at_initialise && start_again(initialisation(), patience);
}

bool Module::connect_again(const Patience& patience) {
  return quirks().connects_at_initialise && start_again(initialisation(), patience);
}

/// Threads that come meanwhile wait at the gate, and then find the module not initialised.
bool Module::finalise_while_idle() noexcept {
  for (auto* token = tokens_.load(); token != nullptr; token = token->previous()) {
    token->forget_dead_sessions();
  }
  process_.gate().pause();
  bool idle = wait_until_nobody_is_inside(*this);
  for (auto* token = tokens_.load(); token != nullptr; token = token->previous()) {
    idle = idle && !token->has_sessions();
  }
  const std::scoped_lock alone(finalising_);
  idle = idle && !process_.gate().closed();  // else the end of the process finalises
  const auto rv = idle ? call_finalise() : CKR_GENERAL_ERROR;
  const bool done = rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED;
  process_.gate().resume();
  return done;
}

CK_RV Module::call_finalise() noexcept {
  const BackendCall inside;
  const auto start = std::chrono::steady_clock::now();
  const auto rv = library_.functions->C_Finalize(nullptr);
  if (tracing()) trace_call("C_Finalize(*)", rv, start);
  return rv;
}

Result<std::vector<SlotToken>> Module::tokens(bool refresh, Patience::Clock::time_point until) {
  const auto seen = initialisation();
  auto tokens = list_tokens(refresh, until);
  if (tokens || remedy_for(tokens.error()) != Remedy::find_token) return tokens;
  if (!start_again(seen, Patience({.deadline = until}))) return tokens;
  return list_tokens(false, until);
}

Result<std::vector<SlotToken>> Module::list_tokens(bool refresh,
                                                   Patience::Clock::time_point until) {
  // Nobody of our tree shall write to a token meanwhile: SoftHSM then shows it without a serial, or
  // not at all. Where the lock is not to be had, an unguarded look is better than none.
  const auto tree = TreeLock::take(until, "cannot look for tokens");
  const auto action = fmt::format("cannot list the slots of module '{}'", library_.path);
  const auto nonsense = [&](CK_ULONG slots) {
    return Failure(error_from_nonsense("C_GetSlotList", action, fmt::format("{} slots", slots)));
  };
  std::vector<CK_SLOT_ID> slots(64);
  CK_ULONG count = slots.size();
  auto list = [&](CK_SLOT_ID* into) {
    return call_module(function::get_slot_list, CK_BBOOL{CK_TRUE}, into, &count);
  };
  auto rv = refresh ? list(nullptr) : CKR_OK;
  if (rv == CKR_OK) {
    if (count > most_slots) return nonsense(count);
    if (count > slots.size()) slots.resize(count);
    count = slots.size();
    rv = list(slots.data());
  }
  while (rv == CKR_BUFFER_TOO_SMALL && slots.size() < most_slots) {
    slots.resize(slots.size() * 4);
    count = slots.size();
    rv = list(slots.data());
  }
  if (rv != CKR_OK) {
    return Failure(error_from_rv(rv, "C_GetSlotList", action));
  }
  if (count > slots.size()) return nonsense(count);
  std::vector<SlotToken> found;
  for (const auto slot : std::span(slots).first(count)) {
    SlotToken token{.slot = slot};
    // A slot whose token cannot be read just now has no token for us.
    if (call_module(function::get_token_info, slot, &token.info) == CKR_OK) found.push_back(token);
  }
  return found;
}

Result<std::vector<CK_MECHANISM_TYPE>> Module::mechanisms(CK_SLOT_ID slot) {
  const auto action =
      fmt::format("cannot list the mechanisms of slot {} of module '{}'", slot, library_.path);
  std::vector<CK_MECHANISM_TYPE> list(512);
  CK_ULONG count = list.size();
  auto rv = call_module(function::get_mechanism_list, slot, list.data(), &count);
  if (rv == CKR_BUFFER_TOO_SMALL && count <= most_mechanisms) {
    list.resize(count);
    rv = call_module(function::get_mechanism_list, slot, list.data(), &count);
  }
  if (rv != CKR_OK) {
    return Failure(error_from_rv(rv, "C_GetMechanismList", action));
  }
  if (count > list.size()) {
    return Failure(
        error_from_nonsense("C_GetMechanismList", action, fmt::format("{} mechanisms", count)));
  }
  list.resize(count);
  std::ranges::sort(list);
  return list;
}

std::optional<CK_MECHANISM_INFO> Module::mechanism_info(CK_SLOT_ID slot,
                                                        CK_MECHANISM_TYPE mechanism) {
  CK_MECHANISM_INFO info = {};
  const auto rv = call_module(function::get_mechanism_info, slot, mechanism, &info);
  return rv == CKR_OK ? std::optional(info) : std::nullopt;
}

Token& Module::token(const TokenIdentity& identity) {
  const auto find = [&]() -> Token* {
    auto* token = tokens_.load(std::memory_order_acquire);
    while (token != nullptr && token->identity() != identity) token = token->previous();
    return token;
  };
  if (auto* found = find()) return *found;
  const std::scoped_lock lock(adding_);
  if (auto* found = find()) return *found;
  tokens_ = std::make_unique<Token>(*this, identity, tokens_.load()).release();
  return *tokens_.load();
}

void Module::report_hanging_calls() noexcept try {
  for (const auto& call : counters_.newly_hanging()) {
    std::vector<std::string> labels;
    bool keypad = false;
    for (auto* token = tokens_.load(); token != nullptr; token = token->previous()) {
      labels.push_back(fmt::format("'{}'", token->identity().label));
      keypad = keypad || (token->flags() & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
    }
    // A person who types takes the time it takes.
    if (keypad && std::string_view(call.function) == function::login.name) continue;
    log(LogLevel::warning,
        fmt::format("{} has not come back from module '{}' (token {}) for {:.1f} s", call.function,
                    library_.path, fmt::join(labels, ", "),
                    std::chrono::duration<double>(call.time).count()));
  }
} catch (const std::exception&) {
  // Without memory for the words, none are said.
}

void Module::end() noexcept {
  for (auto* token = tokens_.load(); token != nullptr; token = token->previous()) {
    token->stop_looking();
  }
  if (!ours_) return;
  // Not for calls that hang already. What is still inside when the module's own destructors run
  // meets them.
  wait_until([&] { return counters_.all_hang(); }, longest_wait_at_exit);
  if (counters_.inside() != 0) return;
  // A thread that looks for tokens may be about to start the module again.
  const std::unique_lock alone(finalising_, longest_wait_at_exit);
  if (alone) call_finalise();
}

namespace {

template <class Condition>
bool wait_until(const Condition& condition, std::chrono::milliseconds at_most) noexcept {
  constexpr auto short_wait = std::chrono::milliseconds(1);
  const auto start = std::chrono::steady_clock::now();
  while (!condition()) {
    const auto waited = std::chrono::steady_clock::now() - start;
    if (waited > at_most) return false;
    if (waited < short_wait) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  }
  return true;
}

bool wait_until_nobody_is_inside(Module& module) noexcept {
  return wait_until([&] { return module.counters().inside() == 0; }, longest_wait_for_quiet);
}

void end_of_process() {
  auto* process = ProcessState::existing();
  if (process == nullptr || process->gate().closed()) return;
  process->gate().close();
  for (auto* module = process->modules(); module != nullptr; module = module->previous()) {
    module->end();
  }
}

// What this thread's fork has paused. The handlers take no lock: they close a door for a moment and
// wait, for a bounded time, until the calls inside have come out.
constinit thread_local ProcessState* paused = nullptr;

void before_fork() {
  paused = nullptr;
  auto* process = ProcessState::existing();
  if (process == nullptr || BackendCall::active()) return;
  process->gate().pause();
  paused = process;
  for (auto* module = process->modules(); module != nullptr; module = module->previous()) {
    const auto* quirks = module->library().quirks.load();
    // Without quirks the module is in its first C_Initialize.
    if (quirks == nullptr || quirks->pause_at_fork) {
      wait_until([&] { return module->counters().all_hang(); }, longest_wait_at_fork);
    }
  }
}

void after_fork_in_parent() {
  if (paused != nullptr) paused->gate().resume();
  paused = nullptr;
}

// Once in the tree: handlers of fork are inherited. Before the first C_Initialize, which a fork by
// another thread may meet.
void hook_fork() {
  static constinit std::atomic<bool> hooked = false;
  if (!hooked.exchange(true)) ::pthread_atfork(before_fork, after_fork_in_parent, nullptr);
}

void hook_exit() {
  // After the first C_Initialize of each module: handlers run in the opposite order, so ours comes
  // before those that the module registered, and C_Finalize finds it whole. The first to run ends
  // all modules. Once more in each process, because a child's module may register its own again.
  std::atexit(end_of_process);
  end_workers_first();
}

}  // namespace
}  // namespace keystore::pkcs11
