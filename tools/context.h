#pragma once

#include <CLI/App.hpp>
#include <functional>

#include "keystore/result.h"

namespace keystore::cli {

/// What a subcommand does once the command line is understood. Returns the exit code: 0, or 1 where
/// a check found something; an error is reported by main(), in the form that was asked for.
using Action = std::function<Result<int>()>;

/// What the subcommands share. One per process; made by main().
class Context {
 public:
  /// `--json` was given.
  bool json = false;

  /// `command` does `action` when it is the one on the command line.
  void on(CLI::App& command, Action action) {
    command.callback([this, &command, action = std::move(action)] {
      chosen_ = action;
      name_ = command.get_name();
    });
  }
  /// Empty until the command line is parsed.
  const Action& chosen() const noexcept { return chosen_; }
  /// The chosen subcommand's name.
  const std::string& name() const noexcept { return name_; }

 private:
  Action chosen_;
  std::string name_;
};

}  // namespace keystore::cli
