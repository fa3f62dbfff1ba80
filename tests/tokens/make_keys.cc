// make-keys MODULE TOKEN PIN FIRST LAST: P-256 pairs on a token, straight through PKCS#11: label
// key-N and id N in four octets, for every N from FIRST to LAST.
#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "tests/tokens/plain_pkcs11.h"

namespace {

using keystore::testing::require;

void make_pair(CK_FUNCTION_LIST* pkcs11, CK_SESSION_HANDLE session, unsigned number) {
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  std::array<unsigned char, 10> p256 = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
  auto label = "key-" + std::to_string(number);
  std::array<unsigned char, 4> id = {};
  for (auto octet = id.rbegin(); octet != id.rend(); ++octet, number >>= 8) {
    *octet = static_cast<unsigned char>(number);
  }
  std::array<CK_ATTRIBUTE, 5> public_key = {{{CKA_TOKEN, &yes, 1},
                                             {CKA_PRIVATE, &no, 1},
                                             {CKA_EC_PARAMS, p256.data(), p256.size()},
                                             {CKA_LABEL, label.data(), label.size()},
                                             {CKA_ID, id.data(), id.size()}}};
  std::array<CK_ATTRIBUTE, 7> private_key = {{{CKA_TOKEN, &yes, 1},
                                              {CKA_PRIVATE, &yes, 1},
                                              {CKA_SENSITIVE, &yes, 1},
                                              {CKA_EXTRACTABLE, &no, 1},
                                              {CKA_SIGN, &yes, 1},
                                              {CKA_LABEL, label.data(), label.size()},
                                              {CKA_ID, id.data(), id.size()}}};
  CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, nullptr, 0};
  CK_OBJECT_HANDLE made[2] = {};
  require(pkcs11->C_GenerateKeyPair(session, &mechanism, public_key.data(), public_key.size(),
                                    private_key.data(), private_key.size(), &made[0], &made[1]),
          "C_GenerateKeyPair");
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 6) throw std::invalid_argument("usage: make-keys MODULE TOKEN PIN FIRST LAST");
  auto* pkcs11 = keystore::testing::functions_of(argv[1]);
  require(pkcs11->C_Initialize(nullptr), "C_Initialize");
  const auto slot = keystore::testing::slot_of(pkcs11, argv[2]);
  const auto session = keystore::testing::logged_in(pkcs11, slot, argv[3]);
  const auto last = static_cast<unsigned>(std::stoul(argv[5]));
  for (auto number = static_cast<unsigned>(std::stoul(argv[4])); number <= last; ++number) {
    make_pair(pkcs11, session, number);
  }
  return 0;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "make-keys: %s\n", problem.what());
  return 2;
}
