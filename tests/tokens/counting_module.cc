// A PKCS#11 module that hands every call to the module named by KEYSTORE_TEST_MODULE, counts it in
// the file named by KEYSTORE_TEST_COUNTS and has it go wrong as the file named by
// KEYSTORE_TEST_FAULTS says (faults.h).
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "tests/tokens/call_faults.h"
#include "tests/tokens/layers.h"

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
  RealModule real;
  CK_FUNCTION_LIST token;  ///< the real one as the rows about the token change it

  explicit Wrapper(CK_FUNCTION_LIST* functions);
};

Wrapper* wrapper();
CK_FUNCTION_LIST* our_functions();
bool wants_to_be_alone(Function function);
bool takes_a_slot(Function function);

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
    auto& wrapped = *wrapper();
    const auto number = wrapped.counts.add(Name);
    if (const auto rv = before_call(Name, number, wrapped.faults, wrapped.real)) {
      if (*rv == CKR_SESSION_HANDLE_INVALID || *rv == CKR_SESSION_CLOSED) close(wrapped, args...);
      return *rv;
    }
    if (const auto rv = while_away(Name, wrapped.faults, wrapped.real)) return *rv;
    const Gate::Inside inside(wrapped.real.gate, wants_to_be_alone(Name));
    return (wrapped.token.*Member)(args...);
  }

 private:
  /// A session that is said to be gone is gone.
  template <class... More>
  static void close(Wrapper& wrapped, CK_SESSION_HANDLE session, More...) {
    const Gate::Inside inside(wrapped.real.gate, false);
    if (!takes_a_slot(Name)) wrapped.token.C_CloseSession(session);
  }
  template <class... More>
  static void close(Wrapper&, More...) {}
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
    return new Wrapper(real_functions());
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "test token: %s\n", problem.what());
    return nullptr;
  }
}

void start_anew_in_child() {
  wrapper()->real.gate.forget();
  wrapper()->real.sessions = 0;
}

Wrapper::Wrapper(CK_FUNCTION_LIST* functions)
    : counts(variable("KEYSTORE_TEST_COUNTS")),
      faults(variable("KEYSTORE_TEST_FAULTS")),
      real(functions),
      token(*functions) {
  token = answer_layer(token, faults);
  token = key_layer(token, faults);
  token = hashing_layer(token, faults);
  token = mechanism_layer(token, faults);
  token = pin_layer(token, faults, counts);
  token = slot_layer(token, faults, real);
  pthread_atfork(nullptr, nullptr, start_anew_in_child);
}

// Never freed: calls may come until the process ends.
Wrapper* wrapper() {
  static Wrapper* const only = make_wrapper();
  return only;
}

bool takes_a_slot(Function function) {
  switch (function) {
    case Function::C_GetSlotInfo:
    case Function::C_GetTokenInfo:
    case Function::C_WaitForSlotEvent:
    case Function::C_GetMechanismList:
    case Function::C_GetMechanismInfo:
    case Function::C_InitToken:
    case Function::C_OpenSession:
    case Function::C_CloseAllSessions:
      return true;
    default:
      return false;
  }
}

bool wants_to_be_alone(Function function) {
  return function == Function::C_Initialize || function == Function::C_Finalize ||
         function == Function::C_CloseAllSessions || function == Function::C_Logout;
}

}  // namespace
}  // namespace keystore::testing
