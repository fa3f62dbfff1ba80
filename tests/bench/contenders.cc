#include "tests/bench/contenders.h"

#include <dlfcn.h>
#include <openssl/err.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "tests/support/process.h"

namespace keystore::bench {
namespace {

constexpr std::array<unsigned char, 32> message = {1, 2, 3};

/// A session logged in, and the key in it.
class RawSigner {
 public:
  RawSigner(const testing::SoftHsm& hsm, const std::string& path, const Subject& subject);
  void sign();

 private:
  RawSession raw_;
  CK_OBJECT_HANDLE key_ = 0;
  CK_MECHANISM mechanism_ = {};
  std::vector<unsigned char> input_;  ///< ends in the digest
  EvpMdPtr sha256_{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
};

CK_FUNCTION_LIST* module_functions(const std::string& path);
CK_SLOT_ID find_slot(CK_FUNCTION_LIST* functions, const std::string& label);

}  // namespace

Contender raw_pkcs11(const testing::SoftHsm& hsm, const std::string& path, const Subject& subject) {
  return {"pkcs11", [&hsm, path, subject] {
            auto signer = std::make_shared<RawSigner>(hsm, path, subject);
            return [signer] { signer->sign(); };
          }};
}

Contender evp(std::string name, EVP_PKEY* key, OSSL_LIB_CTX* context) {
  return {std::move(name), [key, context] {
            return [key, context] {
              const EvpMdCtxPtr signing(EVP_MD_CTX_new());
              std::array<unsigned char, 1024> signature;
              std::size_t size = signature.size();
              require(EVP_DigestSignInit_ex(signing.get(), nullptr, "SHA256", context, nullptr, key,
                                            nullptr) == 1 &&
                          EVP_DigestSign(signing.get(), signature.data(), &size, message.data(),
                                         message.size()) == 1,
                      "EVP_DigestSign");
            };
          }};
}

std::filesystem::path make_key(const testing::SoftHsm& hsm, const std::filesystem::path& build,
                               const Subject& subject) {
  const auto command = build / "bin/keystore";
  const auto made = testing::run({command, "new", hsm.uri(), "--type", subject.type, "--label",
                                  subject.label, "--pin", hsm.pin_source()});
  if (!made.ok()) throw std::runtime_error("keystore new: " + made.text());
  const auto reference = hsm.folder() / (subject.label + ".pem");
  const auto referred = testing::run({command, "ref", hsm.uri(subject.label) + ";type=private",
                                      "--pin", hsm.pin_source(), "--out", reference});
  if (!referred.ok()) throw std::runtime_error("keystore ref: " + referred.text());
  return reference;
}

X509Ptr certificate_for(EVP_PKEY* key, OSSL_LIB_CTX* context) {
  X509Ptr made(X509_new_ex(context, nullptr));
  constexpr long a_year = 365L * 24 * 60 * 60;
  require(made && X509_set_version(made.get(), X509_VERSION_3) == 1 &&
              ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1) == 1 &&
              X509_gmtime_adj(X509_getm_notBefore(made.get()), 0) != nullptr &&
              X509_gmtime_adj(X509_getm_notAfter(made.get()), a_year) != nullptr &&
              X509_set_pubkey(made.get(), key) == 1 &&
              X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                                         reinterpret_cast<const unsigned char*>("localhost"), -1,
                                         -1, 0) == 1 &&
              X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) == 1 &&
              X509_sign(made.get(), key, EVP_sha256()) != 0,
          "X509_sign");
  return made;
}

OsslLibCtxPtr application_context(const std::filesystem::path& folder,
                                  const std::string& provider) {
  OsslLibCtxPtr context(OSSL_LIB_CTX_new());
  require(OSSL_PROVIDER_load(context.get(), "default") != nullptr, "OSSL_PROVIDER_load");
  if (provider.empty()) return context;
  OSSL_PROVIDER_set_default_search_path(context.get(), folder.c_str());
  require(OSSL_PROVIDER_load(context.get(), provider.c_str()) != nullptr, "OSSL_PROVIDER_load");
  return context;
}

EvpPkeyPtr load_uri(const std::string& uri, OSSL_LIB_CTX* context) {
  const OsslStoreCtxPtr store(OSSL_STORE_open_ex(uri.c_str(), context, nullptr, nullptr, nullptr,
                                                 nullptr, nullptr, nullptr));
  require(store && OSSL_STORE_expect(store.get(), OSSL_STORE_INFO_PKEY) == 1, "OSSL_STORE_open_ex");
  const std::unique_ptr<OSSL_STORE_INFO, FreeWith<OSSL_STORE_INFO_free>> info(
      OSSL_STORE_load(store.get()));
  require(info != nullptr, "OSSL_STORE_load");
  EvpPkeyPtr key(OSSL_STORE_INFO_get1_PKEY(info.get()));
  require(key != nullptr, "OSSL_STORE_INFO_get1_PKEY");
  return key;
}

EvpPkeyPtr load_pem(const std::filesystem::path& file, OSSL_LIB_CTX* context) {
  const BioPtr in(BIO_new_file(file.c_str(), "r"));
  EvpPkeyPtr key(PEM_read_bio_PrivateKey_ex(in.get(), nullptr, nullptr, nullptr, context, nullptr));
  require(key != nullptr, "PEM_read_bio_PrivateKey_ex");
  return key;
}

EvpPkeyPtr software_key(const std::string& type, OSSL_LIB_CTX* context) {
  EvpPkeyPtr key(type == "rsa:2048"
                     ? EVP_PKEY_Q_keygen(context, "provider=default", "RSA", std::size_t{2048})
                     : EVP_PKEY_Q_keygen(context, "provider=default", "EC", "P-256"));
  require(key != nullptr, "EVP_PKEY_Q_keygen");
  return key;
}

RawSession::RawSession(const testing::SoftHsm& hsm, const std::string& path)
    : functions(module_functions(path)) {
  CK_C_INITIALIZE_ARGS arguments = {};
  arguments.flags = CKF_OS_LOCKING_OK;
  const CK_RV initialised = functions->C_Initialize(&arguments);
  require(initialised == CKR_OK || initialised == CKR_CRYPTOKI_ALREADY_INITIALIZED, "C_Initialize");
  require(functions->C_OpenSession(find_slot(functions, hsm.label()), CKF_SERIAL_SESSION, nullptr,
                                   nullptr, &session) == CKR_OK,
          "C_OpenSession");
  auto pin = hsm.pin();
  const CK_RV login = functions->C_Login(session, CKU_USER,
                                         reinterpret_cast<unsigned char*>(pin.data()), pin.size());
  require(login == CKR_OK || login == CKR_USER_ALREADY_LOGGED_IN, "C_Login");
}

CK_OBJECT_HANDLE RawSession::private_key(const std::string& label) const {
  CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
  auto name = label;
  std::array<CK_ATTRIBUTE, 2> wanted = {
      {{CKA_CLASS, &kind, sizeof kind}, {CKA_LABEL, name.data(), name.size()}}};
  CK_OBJECT_HANDLE key = 0;
  unsigned long count = 0;
  require(functions->C_FindObjectsInit(session, wanted.data(), wanted.size()) == CKR_OK &&
              functions->C_FindObjects(session, &key, 1, &count) == CKR_OK && count == 1 &&
              functions->C_FindObjectsFinal(session) == CKR_OK,
          "C_FindObjects");
  return key;
}

void require(bool good, const char* what) {
  if (good) return;
  const char* reason = nullptr;
  ERR_peek_last_error_all(nullptr, nullptr, nullptr, &reason, nullptr);
  throw std::runtime_error(std::string(what) + " failed: " + (reason ? reason : ""));
}

namespace {

RawSigner::RawSigner(const testing::SoftHsm& hsm, const std::string& path, const Subject& subject)
    : raw_(hsm, path), input_(message.size()) {
  key_ = raw_.private_key(subject.label);
  mechanism_.mechanism = CKM_ECDSA;
  if (subject.type.starts_with("rsa")) {
    mechanism_.mechanism = CKM_RSA_PKCS;
    constexpr std::array<unsigned char, 19> sha256_info = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                                           0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                                           0x01, 0x05, 0x00, 0x04, 0x20};
    input_.insert(input_.begin(), sha256_info.begin(), sha256_info.end());
  }
}

void RawSigner::sign() {
  // The same work as through OpenSSL: the message is hashed outside the token, then signed.
  auto* const digest = input_.data() + input_.size() - message.size();
  require(EVP_Digest(message.data(), message.size(), digest, nullptr, sha256_.get(), nullptr) == 1,
          "EVP_Digest");
  std::array<unsigned char, 1024> signature;
  unsigned long size = signature.size();
  require(raw_.functions->C_SignInit(raw_.session, &mechanism_, key_) == CKR_OK &&
              raw_.functions->C_Sign(raw_.session, input_.data(), input_.size(), signature.data(),
                                     &size) == CKR_OK,
          "C_Sign");
}

CK_SLOT_ID find_slot(CK_FUNCTION_LIST* functions, const std::string& label) {
  std::array<CK_SLOT_ID, 8> slots{};
  unsigned long count = slots.size();
  require(functions->C_GetSlotList(CK_TRUE, slots.data(), &count) == CKR_OK, "C_GetSlotList");
  for (unsigned long i = 0; i < count; ++i) {
    CK_TOKEN_INFO info = {};
    functions->C_GetTokenInfo(slots[i], &info);
    const std::string found(reinterpret_cast<const char*>(info.label), sizeof info.label);
    if (found.starts_with(label + ' ')) return slots[i];
  }
  throw std::runtime_error("no token " + label);
}

CK_FUNCTION_LIST* module_functions(const std::string& path) {
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  require(module != nullptr, "dlopen");
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(module, "C_GetFunctionList"));
  CK_FUNCTION_LIST* functions = nullptr;
  require(get && get(&functions) == CKR_OK, "C_GetFunctionList");
  return functions;
}

}  // namespace
}  // namespace keystore::bench
