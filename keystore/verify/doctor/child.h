#pragma once

#include <chrono>
#include <functional>

namespace keystore::verify::doctor {

/// How a child process ended that did `work`.
enum class ChildEnd { success, failure, crash, stuck };

/// Does `work` in a forked child, which is killed when it takes longer than `limit`: for code that
/// may crash or never return. Whatever it changes is lost.
ChildEnd try_in_child(const std::function<bool()>& work, std::chrono::milliseconds limit);

}  // namespace keystore::verify::doctor
