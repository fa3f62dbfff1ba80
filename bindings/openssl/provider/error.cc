#include "bindings/openssl/provider/error.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdarg>
#include <functional>
#include <string_view>

#include "keystore/log.h"

namespace keystore::provider {
namespace {

// OSSL_ITEM wants char*, which OpenSSL only reads.
OSSL_ITEM item(Errc code, const char* text) {
  return {static_cast<unsigned>(code), const_cast<char*>(text)};
}

void set_error(const Provider& provider, std::uint32_t reason, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  provider.core().vset_error(provider.handle(), reason, format, arguments);
  va_end(arguments);
}

// "bindings/…", wherever the tree was built.
const char* path_in_tree(const char* file) {
  const auto at = std::string_view(file).rfind("bindings/");
  return at == std::string_view::npos ? file : file + at;
}

// What a search for a scheme or a decoder meets is no failure.
bool is_failure(Errc code) {
  return code != Errc::unsupported && code != Errc::invalid_argument && code != Errc::cancelled;
}

// Into our own log as well, because programs keep OpenSSL's queue to themselves (Python, HAProxy).
// What is said again and again is written every ten seconds.
void log_failure(const Error& error) {
  static std::atomic<std::size_t> last = 0;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto tens = static_cast<std::size_t>(now / std::chrono::seconds(10));
  const auto said = std::hash<std::string>()(error.message) + tens;
  if (last.exchange(said) != said) log(LogLevel::warning, error.message);
}

}  // namespace

void raise(const Provider& provider, const Error& error, std::source_location where) noexcept {
  if (is_failure(error.code)) log_failure(error);
  const auto& core = provider.core();
  core.new_error(provider.handle());
  core.set_error_debug(provider.handle(), path_in_tree(where.file_name()),
                       static_cast<int>(where.line()), "");
  const auto reason = static_cast<std::uint32_t>(error.code);
  if (error.hint.empty()) {
    set_error(provider, reason, "%s", error.message.c_str());
  } else {
    set_error(provider, reason, "%s; %s", error.message.c_str(), error.hint.c_str());
  }
}

void raise(const Provider& provider, Errc code, const std::string& message,
           std::source_location where) noexcept {
  raise(provider, Error{code, message, {}, {}}, where);
}

const OSSL_ITEM* reason_strings() noexcept {
  static const std::array items = {
      item(Errc::not_found, "not found"),
      item(Errc::ambiguous, "several objects match"),
      item(Errc::unsupported, "not supported by this key or provider"),
      item(Errc::invalid_argument, "invalid argument"),
      item(Errc::malformed, "malformed data"),
      item(Errc::pin_required, "PIN required"),
      item(Errc::pin_incorrect, "PIN incorrect"),
      item(Errc::pin_locked, "PIN locked"),
      item(Errc::access_denied, "access denied"),
      item(Errc::key_mismatch, "key mismatch"),
      item(Errc::not_trusted, "not trusted"),
      item(Errc::unavailable, "token unavailable"),
      item(Errc::internal, "internal fault"),
      item(Errc::io, "input or output failed"),
      item(Errc::already_exists, "already exists"),
      item(Errc::refused_by_policy, "refused by policy"),
      item(Errc::timed_out, "timed out"),
      item(Errc::cancelled, "cancelled"),
      OSSL_ITEM{0, nullptr},
  };
  return items.data();
}

}  // namespace keystore::provider
