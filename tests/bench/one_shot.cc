// one-shot MODULE PIN LABEL: one ECDSA signature of the 32 octets on stdin, by PKCS#11 alone, as a
// program of its own: the floor under a command that signs once. The first token is it.
// one-shot LIBRARY: only loads that.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "one-shot: %s\n", what);
  std::exit(1);
}

CK_SESSION_HANDLE log_in(CK_FUNCTION_LIST& module, char* pin) {
  CK_C_INITIALIZE_ARGS arguments = {};
  arguments.flags = CKF_OS_LOCKING_OK;
  require(module.C_Initialize(&arguments) == CKR_OK, "C_Initialize");
  CK_SLOT_ID slots[16];
  CK_ULONG count = 16;
  require(module.C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK && count > 0, "C_GetSlotList");
  CK_SESSION_HANDLE session = 0;
  require(module.C_OpenSession(slots[0], CKF_SERIAL_SESSION, nullptr, nullptr, &session) == CKR_OK,
          "C_OpenSession");
  const auto logged_in =
      module.C_Login(session, CKU_USER, reinterpret_cast<CK_BYTE*>(pin), std::strlen(pin));
  require(logged_in == CKR_OK, "C_Login");
  return session;
}

CK_OBJECT_HANDLE find(CK_FUNCTION_LIST& module, CK_SESSION_HANDLE session, char* label) {
  CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &object_class, sizeof object_class},
                           {CKA_LABEL, label, std::strlen(label)}};
  CK_OBJECT_HANDLE key = 0;
  CK_ULONG found = 0;
  require(module.C_FindObjectsInit(session, wanted, 2) == CKR_OK &&
              module.C_FindObjects(session, &key, 1, &found) == CKR_OK && found == 1 &&
              module.C_FindObjectsFinal(session) == CKR_OK,
          "C_FindObjects");
  return key;
}

void sign(CK_FUNCTION_LIST& module, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key) {
  CK_BYTE digest[32];
  CK_BYTE signature[256];
  CK_ULONG size = sizeof signature;
  require(std::fread(digest, 1, sizeof digest, stdin) == sizeof digest, "no digest on stdin");
  CK_MECHANISM mechanism = {CKM_ECDSA, nullptr, 0};
  require(module.C_SignInit(session, &mechanism, key) == CKR_OK &&
              module.C_Sign(session, digest, sizeof digest, signature, &size) == CKR_OK,
          "C_Sign");
  std::fwrite(signature, 1, size, stdout);
}

}  // namespace

int main(int count, char** arguments) {
  require(count == 2 || count == 4, "usage: one-shot MODULE PIN LABEL | LIBRARY");
  void* library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  require(library != nullptr, "dlopen");
  if (count == 2) return 0;
  const auto list = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST* module = nullptr;
  require(list != nullptr && list(&module) == CKR_OK, "C_GetFunctionList");
  const auto session = log_in(*module, arguments[2]);
  sign(*module, session, find(*module, session, arguments[3]));
  module->C_Finalize(nullptr);
  return 0;
}
