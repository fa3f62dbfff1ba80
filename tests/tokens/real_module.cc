#include "tests/tokens/real_module.h"

#include <chrono>
#include <thread>
#include <vector>

namespace keystore::testing {
namespace {

void wait_a_little() { std::this_thread::sleep_for(std::chrono::microseconds(20)); }

/// Slots with an initialised token: SoftHSM shows one more that has none.
std::vector<CK_SLOT_ID> slots_in_use(CK_FUNCTION_LIST& module) {
  std::vector<CK_SLOT_ID> slots(64);
  CK_ULONG count = slots.size();
  if (module.C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK) count = 0;
  slots.resize(count);
  std::erase_if(slots, [&](CK_SLOT_ID slot) {
    CK_TOKEN_INFO info = {};
    return module.C_GetTokenInfo(slot, &info) != CKR_OK ||
           (info.flags & CKF_TOKEN_INITIALIZED) == 0;
  });
  return slots;
}

/// Calls `use` with a session of our own on every token.
template <class Use>
void in_sessions(CK_FUNCTION_LIST& module, const Use& use) {
  for (const auto slot : slots_in_use(module)) {
    CK_SESSION_HANDLE session = 0;
    const CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    if (module.C_OpenSession(slot, flags, nullptr, nullptr, &session) != CKR_OK) continue;
    use(session);
    module.C_CloseSession(session);
  }
}

}  // namespace

Gate::Inside::Inside(Gate& gate, bool alone) : gate_(gate), alone_(alone) {
  if (alone) {
    while (gate_.closed_.exchange(true)) wait_a_little();
    while (gate_.inside_ != 0) wait_a_little();
    return;
  }
  for (;;) {
    ++gate_.inside_;
    if (!gate_.closed_) return;
    --gate_.inside_;
    while (gate_.closed_) wait_a_little();
  }
}

Gate::Inside::~Inside() {
  if (alone_) {
    gate_.closed_ = false;
  } else {
    --gate_.inside_;
  }
}

void Gate::forget() noexcept {
  inside_ = 0;
  closed_ = false;
}

void RealModule::log_out() {
  const Gate::Inside alone(gate, true);
  in_sessions(*functions, [&](CK_SESSION_HANDLE session) { functions->C_Logout(session); });
}

void RealModule::close_all_sessions() {
  const Gate::Inside alone(gate, true);
  for (const auto slot : slots_in_use(*functions)) functions->C_CloseAllSessions(slot);
  sessions = 0;
}

void RealModule::finalise() {
  const Gate::Inside alone(gate, true);
  functions->C_Finalize(nullptr);
  sessions = 0;
}

void RealModule::change_handles(CK_UTF8CHAR* pin, CK_ULONG pin_length) {
  const Gate::Inside alone(gate, true);
  in_sessions(*functions, [&](CK_SESSION_HANDLE session) {
    if (functions->C_Logout(session) == CKR_OK)
      functions->C_Login(session, CKU_USER, pin, pin_length);
  });
}

}  // namespace keystore::testing
