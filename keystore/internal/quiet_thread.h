#pragma once

#include <functional>

#include "keystore/api.h"

namespace keystore {

/// Starts a thread of ours inside a host's process, detached, that takes no signals: they are the
/// host's, and its handlers expect its threads. `name` has at most 15 characters. Needs little
/// stack. False where the process may have no more threads.
KEYSTORE_API bool start_quiet_thread(const char* name, std::function<void()> body);

}  // namespace keystore
