#include "keystore/error.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace keystore {

namespace {

Errc code_of(int number);
std::string description_of(int number);

}  // namespace

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::not_found:
      return "not_found";
    case Errc::ambiguous:
      return "ambiguous";
    case Errc::unsupported:
      return "unsupported";
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::malformed:
      return "malformed";
    case Errc::pin_required:
      return "pin_required";
    case Errc::pin_incorrect:
      return "pin_incorrect";
    case Errc::pin_locked:
      return "pin_locked";
    case Errc::access_denied:
      return "access_denied";
    case Errc::key_mismatch:
      return "key_mismatch";
    case Errc::not_trusted:
      return "not_trusted";
    case Errc::unavailable:
      return "unavailable";
    case Errc::internal:
      return "internal";
    case Errc::io:
      return "io";
    case Errc::already_exists:
      return "already_exists";
    case Errc::refused_by_policy:
      return "refused_by_policy";
    case Errc::timed_out:
      return "timed_out";
    case Errc::cancelled:
      return "cancelled";
  }
  return "internal";
}

Error error_from_errno(int number, std::string_view call, std::string_view action,
                       std::string_view object) {
  return {code_of(number),
          fmt::format("cannot {} {}: {}", action, object, description_of(number)),
          Cause{"system", std::string(call), static_cast<std::uint64_t>(number)},
          {}};
}

namespace {

Errc code_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return Errc::not_found;
    case EACCES:
    case EPERM:
      return Errc::access_denied;
    case EEXIST:
      return Errc::already_exists;
    default:
      return Errc::io;
  }
}

// strerrordesc_np is neither translated nor shared between threads.
std::string description_of(int number) {
  const char* known = strerrordesc_np(number);
  if (known == nullptr) return fmt::format("error {}", number);
  std::string text = known;
  const bool acronym = text.size() > 1 && text[1] >= 'A' && text[1] <= 'Z';
  if (!acronym && text[0] >= 'A' && text[0] <= 'Z')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

}  // namespace

}  // namespace keystore
