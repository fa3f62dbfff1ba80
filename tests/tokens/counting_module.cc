// A PKCS#11 module that hands every call to the module named by KEYSTORE_TEST_MODULE, counts it in
// the file named by KEYSTORE_TEST_COUNTS and delays or refuses it as the file named by
// KEYSTORE_TEST_FAULTS says (faults.h).
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "tests/tokens/call_counts.h"
#include "tests/tokens/faults.h"

namespace keystore::testing {
namespace {

/// CK_INTERFACE of PKCS#11 3.0.
struct Interface {
  char* name;
  void* functions;
  CK_FLAGS flags;
};

struct Wrapper {
  CallCounts counts;
  FaultTable faults;
  CK_FUNCTION_LIST* real;
  std::atomic<std::uint64_t> sessions = 0;
};

Wrapper* wrapper();
CK_FUNCTION_LIST* our_functions();
void note_sessions(Function function);

}  // namespace
}  // namespace keystore::testing

#define KEYSTORE_TEST_EXPORT extern "C" __attribute__((visibility("default")))

KEYSTORE_TEST_EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  using namespace keystore::testing;
  if (!list) return CKR_ARGUMENTS_BAD;
  auto* wrapped = wrapper();
  if (!wrapped) return CKR_GENERAL_ERROR;
  wrapped->counts.add(Function::C_GetFunctionList);
  *list = our_functions();
  return CKR_OK;
}

KEYSTORE_TEST_EXPORT CK_RV C_GetInterface(unsigned char* name, CK_VERSION* version,
                                          void** interface, CK_FLAGS flags) {
  using namespace keystore::testing;
  static char our_name[] = "PKCS 11";
  static Interface ours = {our_name, nullptr, 0};
  if (!interface) return CKR_ARGUMENTS_BAD;
  auto* wrapped = wrapper();
  if (!wrapped) return CKR_GENERAL_ERROR;
  wrapped->counts.add(Function::C_GetInterface);
  const bool other_name = name && std::strcmp(reinterpret_cast<char*>(name), our_name) != 0;
  const bool other_version = version && (version->major != 2 || version->minor != 40);
  if (other_name || other_version || flags != 0) return CKR_FUNCTION_FAILED;
  ours.functions = our_functions();
  *interface = &ours;
  return CKR_OK;
}

namespace keystore::testing {
namespace {

template <Function Name, auto Member>
struct Wrapped;

template <Function Name, class... Args, CK_RV (*CK_FUNCTION_LIST::*Member)(Args...)>
struct Wrapped<Name, Member> {
  static CK_RV call(Args... args) {
    auto* wrapped = wrapper();
    const auto number = wrapped->counts.add(Name);
    if (const auto refused = wrapped->faults.apply(Name, number, wrapped->sessions)) {
      return *refused;
    }
    const CK_RV result = (wrapped->real->*Member)(args...);
    if (result == CKR_OK) note_sessions(Name);
    return result;
  }
};

CK_FUNCTION_LIST* our_functions() {
  static CK_FUNCTION_LIST list = [] {
    CK_FUNCTION_LIST made = {};
    made.version = {2, 40};
#define X(name) made.name = &Wrapped<Function::name, &CK_FUNCTION_LIST::name>::call;
    KEYSTORE_TEST_PKCS11_FUNCTIONS(X)
#undef X
    made.C_GetFunctionList = &C_GetFunctionList;
    return made;
  }();
  return &list;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

CK_FUNCTION_LIST* real_functions() {
  const auto path = variable("KEYSTORE_TEST_MODULE");
  if (path.empty()) throw std::runtime_error("KEYSTORE_TEST_MODULE is not set");
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!module) throw std::runtime_error(dlerror());
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(module, "C_GetFunctionList"));
  CK_FUNCTION_LIST* list = nullptr;
  if (!get || get(&list) != CKR_OK) throw std::runtime_error(path + " gives no function list");
  return list;
}

Wrapper* make_wrapper() {
  try {
    return new Wrapper{CallCounts(variable("KEYSTORE_TEST_COUNTS")),
                       FaultTable(variable("KEYSTORE_TEST_FAULTS")), real_functions()};
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "test token: %s\n", problem.what());
    return nullptr;
  }
}

// Never freed: calls may come until the process ends.
Wrapper* wrapper() {
  static Wrapper* const only = make_wrapper();
  return only;
}

void note_sessions(Function function) {
  auto& sessions = wrapper()->sessions;
  switch (function) {
    case Function::C_OpenSession:
      ++sessions;
      break;
    case Function::C_CloseSession:
      --sessions;
      break;
    case Function::C_CloseAllSessions:
    case Function::C_Finalize:
      sessions = 0;
      break;
    default:
      break;
  }
}

}  // namespace
}  // namespace keystore::testing
