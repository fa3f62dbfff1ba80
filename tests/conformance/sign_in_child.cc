#include "tests/conformance/sign_in_child.h"

#include <sys/wait.h>
#include <unistd.h>

namespace keystore::testing {
namespace {

constexpr int wrong_signature = 255;

int sign_and_check(const Key& key, SignatureScheme scheme) {
  const auto message = as_bytes("hello");
  const auto signature = key.sign(scheme, message);
  if (!signature) return static_cast<int>(signature.error().code);
  const auto good = key.public_key()->verify(spec_of(scheme), message, *signature);
  return good && *good ? 0 : wrong_signature;
}

}  // namespace

int sign_in_child(const Key& key, SignatureScheme scheme) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    _exit(sign_and_check(key, scheme));
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) != wrong_signature ? WEXITSTATUS(status) : -1;
}

}  // namespace keystore::testing
