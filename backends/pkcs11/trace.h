#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "backends/pkcs11/cryptoki.h"

namespace keystore::pkcs11 {

/// Opens the file that `KEYSTORE_TRACE` names, once in the process; not in set-user-id programs.
void open_trace();
/// Whether calls are to be traced.
bool tracing() noexcept;
/// One line: when, which thread, `call`, what it returned and how long it took.
void trace_call(std::string_view call, CK_RV rv,
                std::chrono::steady_clock::time_point start) noexcept;

/// A number that is not for the trace: the length of a PIN.
struct Masked {
  CK_ULONG value = 0;
  operator CK_ULONG() const noexcept { return value; }
};

/// How an argument looks in the trace: numbers as they are, mechanisms by name, everything that is
/// pointed to as a star, since it may be secret.
std::string trace_argument(CK_ULONG number);
std::string trace_argument(const CK_MECHANISM* mechanism);
inline std::string trace_argument(Masked) { return "*"; }
inline std::string trace_argument(const void*) { return "*"; }
inline std::string trace_argument(CK_NOTIFY) { return "*"; }

}  // namespace keystore::pkcs11
