// raw-signatures MODULE TOKEN PIN LABEL THREADS SECONDS: P-256 signatures per second of threads
// that call the module themselves, each with a session of its own.
#include <openssl/sha.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "tests/tokens/plain_pkcs11.h"

namespace {

using keystore::testing::require;

unsigned long sign_until(CK_FUNCTION_LIST* pkcs11, CK_SLOT_ID slot, std::string label,
                         std::chrono::steady_clock::time_point end) {
  CK_SESSION_HANDLE session = 0;
  require(pkcs11->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session),
          "C_OpenSession");
  CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &kind, sizeof kind},
                           {CKA_LABEL, label.data(), label.size()}};
  CK_OBJECT_HANDLE key = 0;
  CK_ULONG count = 0;
  require(pkcs11->C_FindObjectsInit(session, wanted, 2), "C_FindObjectsInit");
  require(pkcs11->C_FindObjects(session, &key, 1, &count), "C_FindObjects");
  require(pkcs11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
  require(count == 1 ? CKR_OK : CKR_KEY_HANDLE_INVALID, "finding the key");
  unsigned long made = 0;
  for (; std::chrono::steady_clock::now() < end; ++made) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>("attack at dawn"), 14, digest);
    unsigned char signature[64];
    CK_ULONG size = sizeof signature;
    CK_MECHANISM ecdsa = {CKM_ECDSA, nullptr, 0};
    require(pkcs11->C_SignInit(session, &ecdsa, key), "C_SignInit");
    require(pkcs11->C_Sign(session, digest, sizeof digest, signature, &size), "C_Sign");
  }
  return made;
}

}  // namespace

int main(int count, char** words) {
  if (count != 7) return 2;
  auto* pkcs11 = keystore::testing::functions_of(words[1]);
  CK_C_INITIALIZE_ARGS threaded = {};
  threaded.flags = CKF_OS_LOCKING_OK;
  require(pkcs11->C_Initialize(&threaded), "C_Initialize");
  const auto slot = keystore::testing::slot_of(pkcs11, words[2]);
  keystore::testing::logged_in(pkcs11, slot, words[3]);
  const double seconds = std::stod(words[6]);
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::milliseconds(static_cast<long>(seconds * 1000));
  std::atomic<unsigned long> made = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < std::stoi(words[5]); ++i) {
    threads.emplace_back([&] { made += sign_until(pkcs11, slot, words[4], end); });
  }
  for (auto& thread : threads) thread.join();
  std::printf("%.1f\n", static_cast<double>(made) / seconds);
}
