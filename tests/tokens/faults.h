#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tokens/functions.h"

namespace keystore::testing {

/// What another user of the module in this process does, just before a call is handed on.
enum class ForeignAct {
  none,
  logout,              ///< C_Logout
  close_all_sessions,  ///< C_CloseAllSessions on every slot
  finalise,            ///< C_Finalize
  new_handles,         ///< private objects get other handles; sessions and login stay
};

/// One row about calls: what happens to which calls of a function.
struct CallFault {
  std::optional<Function> function = {};  ///< none: every function
  std::uint64_t first = 1;                ///< the call it starts with, as counted
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  std::chrono::microseconds delay{0};
  bool hang = false;
  ForeignAct act = ForeignAct::none;
  std::string pin = {};                            ///< for new_handles
  std::optional<unsigned long> code = {};          ///< returned in place of the call
  std::optional<std::uint64_t> max_sessions = {};  ///< only while so many are open

  bool hits(Function called, std::uint64_t call) const noexcept {
    return function.value_or(called) == called && call >= first && call <= last;
  }
};

/// What C_GetAttributeValue says of an attribute in place of the truth.
struct AttributeFault {
  enum class Kind { value, length, missing, grows };

  unsigned long type = 0;
  std::optional<unsigned long> object_class = {};  ///< of objects of this class only
  Kind kind = Kind::missing;
  std::string value = {};
  unsigned long length = 0;
};

/// What a function that gives a length, or a number of things, says in place of the truth.
struct AnswerFault {
  Function function = {};
  std::optional<unsigned long> length = {};
  std::optional<std::uint8_t> fill = {};  ///< every octet of the answer
  bool again = false;
};

/// What the rows about the token as a whole say.
struct TokenFaults {
  bool vanished = false;
  unsigned long away_code = 0;  ///< what calls in a session give meanwhile
  unsigned long set_flags = 0;
  unsigned long clear_flags = 0;
  std::optional<unsigned long> session_limit = {};
  std::optional<std::uint64_t> pin_tries = {};
  std::optional<std::string> keypad_pin = {};
  bool always_authenticate = false;
  std::vector<unsigned long> without = {};      ///< mechanisms
  std::vector<unsigned long> verify_only = {};  ///< mechanisms
  std::vector<unsigned long> hashing = {};      ///< mechanisms
  std::optional<unsigned long> no_create = {};
  std::vector<AttributeFault> attributes = {};
  std::vector<AnswerFault> answers = {};
  std::map<std::string, std::string> texts = {};  ///< fields of CK_TOKEN_INFO
};

struct Faults {
  std::vector<CallFault> calls = {};
  TokenFaults token = {};
};

/// The rows of a text, one a line, `#` starts a comment. Rows about calls name a function, or `*`
/// for every one, and calls of it by number (on, from, to; else all of them):
///
///     C_Sign         delay=20                every call takes 20 ms longer
///     *              delay=500us             every call of any function takes 500 us longer
///     C_SignInit     code=0x30 on=2          the second call fails with CKR_DEVICE_ERROR
///     C_FindObjects  code=0x30 from=3 to=5   as do the third to the fifth
///     C_SignInit     code=0xB3 on=2          CKR_SESSION_HANDLE_INVALID and CKR_SESSION_CLOSED are
///                                            true: that session is closed
///     C_OpenSession  code=0xB1 sessions=4    refused while 4 sessions of the process are open
///     C_Sign         hang on=3               the third call stays inside until the row is gone,
///                                            60 s at most, and then goes on as if nothing was
///
/// and what another user of the module does in that process just before the call is handed on:
///
///     C_SignInit     logout on=2             C_Logout
///     C_SignInit     close-all-sessions on=2 C_CloseAllSessions on every slot: sessions, login and
///                                            handles of before are dead
///     C_SignInit     finalise on=2           C_Finalize: CKR_CRYPTOKI_NOT_INITIALIZED follows
///     C_SignInit     new-handles=PIN on=2    private objects (session objects: gone) have other
///                                            handles; sessions and login stay
///
/// Rows about every token of the module, for as long as they are there:
///
///     vanish                       no slot has a token: CKR_TOKEN_NOT_PRESENT, in sessions
///                                  CKR_DEVICE_REMOVED; back again, sessions, login and handles of
///                                  before are dead (a process notices when it calls meanwhile)
///     vanish code=0x30             the same, with another value for calls in sessions
///     token-flags set=0x40 clear=4 in CK_TOKEN_INFO
///     session-limit 4              the token's own: CK_TOKEN_INFO says so, and C_OpenSession gives
///                                  CKR_SESSION_COUNT while the process has so many
///     pin-tries 3                  wrong user PINs in a row lock it, over all processes; flags for
///                                  low, final try and locked as hardware sets them; a good PIN, or
///                                  the security officer, starts anew (the count: CallCounts)
///     keypad 1234                  protected authentication path: this is what the person types;
///                                  a C_Login that brings a PIN gives CKR_ARGUMENTS_BAD
///     always-authenticate          private keys made meanwhile are CKA_ALWAYS_AUTHENTICATE
///     without 0x1041 0xD           these mechanisms are not listed, and CKR_MECHANISM_INVALID
///     verify-only 0xD              these are listed, but not for signing
///     hashing 0x1044               CKM_ECDSA_SHA… that the token lacks: hashed here, then signed
///     by
///                                  it with CKM_ECDSA
///     no-create 0xD1               C_CreateObject of private keys gives this value
///
/// and what a token says that has lost its mind, always with CKR_OK where the standard has no other
/// value for it. Octets are in hexadecimal:
///
///     attribute 0x3 value=80ff     CKA_LABEL is 80 ff; value= is empty
///     attribute 0x3 class=3 missing  the private keys (CKO_PRIVATE_KEY) do not have it
///     attribute 0x3 length=0xFFFF  the value is filled in as it is, the length says this
///     attribute 0x3 grows          it is longer than any room: CKR_BUFFER_TOO_SMALL, and asked for
///                                  its length it says 1
///     answer C_Sign length=0       also C_Decrypt, C_WrapKey, C_FindObjects, C_GetSlotList and
///                                  C_GetMechanismList: the length says this
///     answer C_Sign fill=0xA5      also C_Decrypt: all octets are this
///     answer C_FindObjects again   the first objects again and again
///     token-text label=1b5b        also manufacturer, model and serial of CK_TOKEN_INFO
///
/// Throws std::invalid_argument naming the line.
Faults parse_faults(std::string_view text);

/// The rows of a file, read again when the file changes (replace it by rename). No lock, so that
/// a forked child can go on. Any thread.
class FaultTable {
 public:
  /// An empty path has no rows.
  explicit FaultTable(std::filesystem::path file);

  /// As the file is now; stays good for ever. Ends the process where the file is malformed.
  const Faults& current() const noexcept;

 private:
  struct Snapshot;

  std::filesystem::path file_;
  mutable std::atomic<const Snapshot*> snapshot_ = nullptr;
};

}  // namespace keystore::testing
