#include "backends/pkcs11/trace.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>

#include "backends/pkcs11/mechanism_names.h"
#include "backends/pkcs11/rv_table.h"
#include "keystore/log.h"

namespace keystore::pkcs11 {
namespace {

// One write() a line on a descriptor in append mode: no lock, so none is inherited by a child.
constinit std::atomic<int> trace_file = -1;
constinit std::atomic<bool> trace_looked_for = false;

std::string time_now() {
  const auto now = std::chrono::system_clock::now();
  const auto whole = std::chrono::floor<std::chrono::seconds>(now);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now - whole).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(whole), micros);
}

}  // namespace

void open_trace() {
  if (trace_looked_for.exchange(true)) return;
  const char* path = secure_getenv("KEYSTORE_TRACE");
  if (path == nullptr || *path == '\0') return;
  trace_file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (trace_file < 0) log(LogLevel::warning, fmt::format("cannot write the trace to {}", path));
}

bool tracing() noexcept { return trace_file.load(std::memory_order_relaxed) >= 0; }

void trace_call(std::string_view call, CK_RV rv,
                std::chrono::steady_clock::time_point start) noexcept {
  try {
    const auto took = std::chrono::steady_clock::now() - start;
    const auto line =
        fmt::format("{} {}/{} {} = {} {:.1f} us\n", time_now(), ::getpid(), ::gettid(), call,
                    rv_name(rv), std::chrono::duration<double, std::micro>(took).count());
    // A full disk costs the line, never the operation.
    [[maybe_unused]] const auto written = ::write(trace_file, line.data(), line.size());
  } catch (...) {
  }
}

std::string trace_argument(CK_ULONG number) { return fmt::format("0x{:x}", number); }

std::string trace_argument(const CK_MECHANISM* mechanism) {
  return mechanism == nullptr ? "null" : mechanism_name(mechanism->mechanism);
}

}  // namespace keystore::pkcs11
