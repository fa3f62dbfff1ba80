#pragma once

#include <utility>

#include "backends/pkcs11/session.h"

namespace keystore::pkcs11 {

/// An object that is destroyed when this goes, unless it is kept. The session must live longer.
class TemporaryObject {
 public:
  TemporaryObject(const Session& session, CK_OBJECT_HANDLE handle) noexcept
      : session_(&session), handle_(handle) {}
  TemporaryObject(TemporaryObject&& other) noexcept
      : session_(other.session_), handle_(std::exchange(other.handle_, CK_INVALID_HANDLE)) {}
  TemporaryObject& operator=(TemporaryObject&&) = delete;
  ~TemporaryObject() {
    if (handle_ != CK_INVALID_HANDLE) session_->call(function::destroy_object, handle_);
  }

  CK_OBJECT_HANDLE handle() const noexcept { return handle_; }
  CK_OBJECT_HANDLE keep() noexcept { return std::exchange(handle_, CK_INVALID_HANDLE); }

 private:
  const Session* session_;
  CK_OBJECT_HANDLE handle_;
};

}  // namespace keystore::pkcs11
