#include "keystore/backend.h"

namespace keystore {

namespace {

// A counter: a module may call back into us and we into another module.
constinit thread_local unsigned depth = 0;

}  // namespace

BackendCall::BackendCall() noexcept { ++depth; }

BackendCall::~BackendCall() { --depth; }

bool BackendCall::active() noexcept { return depth != 0; }

}  // namespace keystore
