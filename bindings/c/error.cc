#include "bindings/c/flat_entry.h"
#include "bindings/c/guard.h"
#include "bindings/c/ks.h"

namespace keystore::c {
namespace {

const ks_error no_error = {KS_OK, "", "", "", "", 0};
const ks_error out_of_memory = {KS_ERROR_INTERNAL, "out of memory", "", "", "", 0};

thread_local std::optional<FlatError> newest;
thread_local const ks_error* newest_view = &no_error;

}  // namespace

FlatError::FlatError(Error described) : error(std::move(described)) {
  if (error.message.empty()) error.message = "an internal fault";
  view = {.code = static_cast<std::int32_t>(error.code),
          .message = error.message.c_str(),
          .hint = error.hint.c_str(),
          .cause_subsystem = error.cause ? error.cause->subsystem.c_str() : "",
          .cause_call = error.cause ? error.cause->call.c_str() : "",
          .cause_code = error.cause ? error.cause->code : 0};
}

std::int32_t remember(const Error& error) noexcept {
  try {
    newest.emplace(error);
    newest_view = &newest->view;
    return newest_view->code;
  } catch (...) {
    newest_view = &out_of_memory;
    return KS_ERROR_INTERNAL;
  }
}

std::optional<Errc> known_code(std::int32_t number) noexcept {
  const bool known = number >= static_cast<std::int32_t>(Errc::not_found) &&
                     number <= static_cast<std::int32_t>(Errc::cancelled);
  return known ? std::optional(static_cast<Errc>(number)) : std::nullopt;
}

void raise(Errc code, std::string message, std::string hint) {
  throw tl::bad_expected_access<Error>(
      Error{.code = code, .message = std::move(message), .hint = std::move(hint)});
}

}  // namespace keystore::c

const ks_error* ks_last_error() { return keystore::c::newest_view; }

const char* ks_error_name(int32_t code) {
  const auto known = keystore::c::known_code(code);
  return known ? keystore::to_string(*known).data() : "unknown";
}
