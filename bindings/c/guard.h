#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <new>
#include <string>

#include "keystore/api.h"
#include "keystore/bytes.h"
#include "keystore/result.h"

/// What the C functions are made of. Shared by the C libraries of this project.
namespace keystore::c {

/// Makes `error` the newest of this thread, for ks_last_error(), and returns its code.
KEYSTORE_API std::int32_t remember(const Error& error) noexcept;

/// Ends the body of a guard with that failure.
[[noreturn]] KEYSTORE_API void raise(Errc code, std::string message, std::string hint = {});

/// Runs the body of a C function, which throws `tl::bad_expected_access<Error>` (by `.value()`) to
/// fail. No exception leaves it.
template <class Body>
std::int32_t guard(const char* function, const Body& body) noexcept {
  try {
    body();
    return 0;
  } catch (const tl::bad_expected_access<Error>& failed) {
    return remember(failed.error());
  } catch (const std::bad_alloc&) {
    return remember(Error{.code = Errc::internal});
  } catch (const std::exception& fault) {
    return remember(Error{
        .code = Errc::internal, .cause = Cause{"keystore", function, 0}, .hint = fault.what()});
  }
}

/// The value of a result; a failure ends the guard.
template <class T>
T take(Result<T> result) {
  return std::move(result).value();
}
inline void take(const Result<void>& result) {
  if (!result) throw tl::bad_expected_access<Error>(result.error());
}

/// What `pointer` points to. Null ends the guard with invalid_argument.
template <class T>
T& require(T* pointer, const char* name) {
  if (pointer == nullptr) raise(Errc::invalid_argument, std::string(name) + " is null");
  return *pointer;
}
inline std::string_view require_text(const char* text, const char* name) {
  return &require(text, name);
}

/// A view of what the caller lends. Null is for no octets.
inline BytesView view_of(const void* data, std::size_t size, const char* name) {
  if (size > 0) require(static_cast<const std::uint8_t*>(data), name);
  return {static_cast<const std::uint8_t*>(data), size};
}

/// Puts a handle into `out`, whose place must be there before anything is done.
template <class Handle, class Make>
void hand_out(Handle** out, const Make& make) {
  auto& place = require(out, "out");
  place = new Handle(make());
}

/// The struct of a caller, maybe of an older or newer header. Fields that it lacks are as
/// `defaults` has them; fields that we do not know must be 0.
template <class T>
T read_sized(const T* given, const T& defaults, const char* name) {
  if (given == nullptr) return defaults;
  const auto size = given->size;
  auto read = defaults;
  if (size < sizeof(size)) {
    raise(Errc::invalid_argument, std::string(name) + " does not say its size",
          "start from its INIT macro");
  }
  const auto* octets = reinterpret_cast<const unsigned char*>(given);
  std::copy_n(octets, std::min(size, sizeof(T)), reinterpret_cast<unsigned char*>(&read));
  if (size > sizeof(T) &&
      std::any_of(octets + sizeof(T), octets + size, [](auto c) { return c != 0; })) {
    raise(Errc::unsupported, std::string(name) + " has fields that this version does not know",
          "use a newer version of keystore");
  }
  return read;
}

/// `number` as an enumerator, which are numbered alike in C, up to `last`.
template <class Enum>
Enum known(std::int32_t number, Enum last, const char* what) {
  if (number < 0 || number > static_cast<std::int32_t>(last)) {
    raise(Errc::invalid_argument, std::string(what) + " has no number " + std::to_string(number));
  }
  return static_cast<Enum>(number);
}

}  // namespace keystore::c
