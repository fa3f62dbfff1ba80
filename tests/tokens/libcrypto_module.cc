// A PKCS#11 module that is the one named by KEYSTORE_TEST_MODULE, and at every C_Sign uses the
// process's libcrypto itself, as modules may: it hashes, makes a key and signs with it, and loads
// the PEM file KEYSTORE_TEST_REFERENCE. What came of that is appended to KEYSTORE_TEST_SEEN.
#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <p11-kit/pkcs11.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using File = std::unique_ptr<std::FILE, FreeWith<std::fclose>>;
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;

CK_FUNCTION_LIST* real = nullptr;

bool signs(EVP_PKEY* key) {
  const Digest digest(EVP_MD_CTX_new());
  unsigned char signature[256];
  std::size_t size = sizeof signature;
  return EVP_DigestSignInit_ex(digest.get(), nullptr, "SHA256", nullptr, nullptr, key, nullptr) ==
             1 &&
         EVP_DigestSign(digest.get(), signature, &size,
                        reinterpret_cast<const unsigned char*>("octets"), 6) == 1;
}

void use_libcrypto() {
  const Key made(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const File pem(std::fopen(std::getenv("KEYSTORE_TEST_REFERENCE"), "r"));
  const Key stored(pem ? PEM_read_PrivateKey(pem.get(), nullptr, nullptr, nullptr) : nullptr);
  const File seen(std::fopen(std::getenv("KEYSTORE_TEST_SEEN"), "a"));
  if (!seen) std::abort();
  std::fprintf(seen.get(), "made: %s, stored: %s\n", made && signs(made.get()) ? "signs" : "fails",
               stored ? "there" : "declined");
}

CK_RV sign(CK_SESSION_HANDLE session, unsigned char* data, unsigned long size,
           unsigned char* signature, unsigned long* signature_size) {
  use_libcrypto();
  return real->C_Sign(session, data, size, signature, signature_size);
}

CK_FUNCTION_LIST make_list() {
  const char* path = std::getenv("KEYSTORE_TEST_MODULE");
  void* library = path == nullptr ? nullptr : dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) std::abort();
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  if (get == nullptr || get(&real) != CKR_OK) std::abort();
  auto list = *real;
  list.C_Sign = sign;
  return list;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** out) {
  static CK_FUNCTION_LIST list = make_list();
  *out = &list;
  return CKR_OK;
}
