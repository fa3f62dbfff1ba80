#pragma once

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <array>
#include <stdexcept>
#include <string>

/// What programs of tests that call a module themselves have in common. Failures are thrown.
namespace keystore::testing {

inline void require(CK_RV rv, const char* call) {
  if (rv != CKR_OK) throw std::runtime_error(std::string(call) + ": " + std::to_string(rv));
}

inline CK_FUNCTION_LIST* functions_of(const char* module) {
  void* library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST* list = nullptr;
  require(get == nullptr ? CKR_FUNCTION_FAILED : get(&list), "C_GetFunctionList");
  return list;
}

inline CK_SLOT_ID slot_of(CK_FUNCTION_LIST* pkcs11, const std::string& token) {
  std::array<CK_SLOT_ID, 16> slots = {};
  CK_ULONG count = slots.size();
  require(pkcs11->C_GetSlotList(CK_TRUE, slots.data(), &count), "C_GetSlotList");
  for (CK_ULONG i = 0; i < count; ++i) {
    CK_TOKEN_INFO info = {};
    require(pkcs11->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
    const std::string label(reinterpret_cast<const char*>(info.label), sizeof info.label);
    if (label.starts_with(token + ' ')) return slots[i];
  }
  throw std::runtime_error("no token " + token);
}

/// A session of the user.
inline CK_SESSION_HANDLE logged_in(CK_FUNCTION_LIST* pkcs11, CK_SLOT_ID slot, std::string pin) {
  CK_SESSION_HANDLE session = 0;
  require(
      pkcs11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session),
      "C_OpenSession");
  require(
      pkcs11->C_Login(session, CKU_USER, reinterpret_cast<unsigned char*>(pin.data()), pin.size()),
      "C_Login");
  return session;
}

}  // namespace keystore::testing
