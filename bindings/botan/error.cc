#include "bindings/botan/error.h"

namespace keystore::botan {
namespace {

std::string text_of(const Error& error) {
  return error.hint.empty() ? error.message : error.message + " (" + error.hint + ")";
}

}  // namespace

Exception::Exception(Error error) : Botan::Exception(text_of(error)), error_(std::move(error)) {}

int Exception::error_code() const noexcept { return static_cast<int>(error_.code); }

Botan::ErrorType Exception::error_type() const noexcept {
  switch (error_.code) {
    case Errc::not_found:
    case Errc::ambiguous:
      return Botan::ErrorType::LookupError;
    case Errc::unsupported:
      return Botan::ErrorType::NotImplemented;
    case Errc::invalid_argument:
      return Botan::ErrorType::InvalidArgument;
    case Errc::malformed:
      return Botan::ErrorType::DecodingFailure;
    case Errc::pin_required:
      return Botan::ErrorType::KeyNotSet;
    case Errc::io:
    case Errc::already_exists:
      return Botan::ErrorType::IoError;
    case Errc::internal:
      return Botan::ErrorType::InternalError;
    case Errc::pin_incorrect:
    case Errc::pin_locked:
    case Errc::access_denied:
    case Errc::key_mismatch:
    case Errc::not_trusted:
    case Errc::unavailable:
    case Errc::refused_by_policy:
    case Errc::timed_out:
    case Errc::cancelled:
      break;
  }
  return Botan::ErrorType::Unknown;
}

}  // namespace keystore::botan
