#include "tests/tokens/call_faults.h"

#include <sys/prctl.h>

#include <algorithm>
#include <thread>

namespace keystore::testing {
namespace {

constexpr auto longest_hang = std::chrono::seconds(60);

void wait(std::chrono::microseconds time);
void hang(Function function, std::uint64_t call, const FaultTable& faults);
void act(const CallFault& row, RealModule& real);

}  // namespace

std::optional<CK_RV> before_call(Function function, std::uint64_t call, const FaultTable& faults,
                                 RealModule& real) {
  for (const auto& row : faults.current().calls) {
    if (!row.hits(function, call)) continue;
    if (row.max_sessions && real.sessions < *row.max_sessions) continue;
    wait(row.delay);
    if (row.hang) hang(function, call, faults);
    act(row, real);
    if (row.code) return row.code;
  }
  return {};
}

std::optional<CK_RV> while_away(Function function, const FaultTable& faults, RealModule& real) {
  static std::atomic<bool> noticed = false;
  const auto& token = faults.current().token;
  if (!token.vanished) {
    noticed = false;
    return {};
  }
  if (!noticed.exchange(true)) real.close_all_sessions();
  switch (function) {
    case Function::C_Initialize:
    case Function::C_Finalize:
    case Function::C_GetInfo:
    case Function::C_GetSlotList:
    case Function::C_GetSlotInfo:
      return {};
    case Function::C_GetTokenInfo:
    case Function::C_GetMechanismList:
    case Function::C_GetMechanismInfo:
    case Function::C_InitToken:
    case Function::C_OpenSession:
    case Function::C_CloseAllSessions:
      return CKR_TOKEN_NOT_PRESENT;
    case Function::C_WaitForSlotEvent:
      return CKR_NO_EVENT;
    default:
      return token.away_code != 0 ? token.away_code : CKR_DEVICE_REMOVED;
  }
}

namespace {

void wait(std::chrono::microseconds time) {
  if (time.count() == 0) return;
  // The system adds 50 us to every sleep of a thread that does not ask for less.
  thread_local const int exact = prctl(PR_SET_TIMERSLACK, 1);
  static_cast<void>(exact);
  std::this_thread::sleep_for(time);
}

void hang(Function function, std::uint64_t call, const FaultTable& faults) {
  const auto until = std::chrono::steady_clock::now() + longest_hang;
  const auto told_to = [&] {
    return std::ranges::any_of(faults.current().calls, [&](const CallFault& row) {
      return row.hang && row.hits(function, call);
    });
  };
  while (told_to() && std::chrono::steady_clock::now() < until) wait(std::chrono::milliseconds(1));
}

void act(const CallFault& row, RealModule& real) {
  switch (row.act) {
    case ForeignAct::none:
      return;
    case ForeignAct::logout:
      return real.log_out();
    case ForeignAct::close_all_sessions:
      return real.close_all_sessions();
    case ForeignAct::finalise:
      return real.finalise();
    case ForeignAct::new_handles: {
      auto pin = row.pin;
      return real.change_handles(reinterpret_cast<CK_UTF8CHAR*>(pin.data()), pin.size());
    }
  }
}

}  // namespace
}  // namespace keystore::testing
