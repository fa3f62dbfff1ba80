#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace keystore::verify::doctor {

/// How a child process ended.
enum class ChildEnd { done, crashed, stuck };

struct Child {
  ChildEnd end = ChildEnd::crashed;
  std::string answer = {};  ///< what its work returned, where it is done
};

/// Does `work` in a forked child, which is killed when it takes longer than `limit`: for code that
/// may crash, litter or never return. Of what it changes nothing stays, and what it prints on
/// standard error is not seen.
Child run_in_child(const std::function<std::string()>& work, std::chrono::milliseconds limit);

}  // namespace keystore::verify::doctor
