#pragma once

#include <p11-kit/pkcs11.h>

#include <atomic>
#include <cstdint>

namespace keystore::testing {

/// Lets calls into the real module, or one alone. SoftHSM frees what other threads' calls are using
/// when sessions are closed or a user is logged out; hardware's modules do not.
class Gate {
 public:
  class Inside {
   public:
    Inside(Gate& gate, bool alone);
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Gate& gate_;
    bool alone_;
  };

  /// In a forked child, where the threads that were inside do not exist.
  void forget() noexcept;

 private:
  std::atomic<std::uint32_t> inside_ = 0;
  std::atomic<bool> closed_ = false;
};

/// The module that is wrapped. Any thread.
struct RealModule {
  explicit RealModule(CK_FUNCTION_LIST* list) : functions(list) {}

  CK_FUNCTION_LIST* functions;
  Gate gate = {};
  std::atomic<std::uint64_t> sessions = 0;  ///< open ones of this process

  /// What another user of the module in this process does. Waits until no call is inside.
  void log_out();
  void close_all_sessions();
  void finalise();
  /// Gives private objects other handles by logging out and in again.
  void change_handles(CK_UTF8CHAR* pin, CK_ULONG pin_length);
};

}  // namespace keystore::testing
