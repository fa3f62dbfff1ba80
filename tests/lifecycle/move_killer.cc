// Runs a move and ends itself by SIGKILL where it is told: what a power failure or an impatient
// person does. `move_killer run STEP PHASE SRC DST PIN-SOURCE`, `move_killer rollback|retire STEP
// PHASE ID PIN-SOURCE`. Ends with status 3 when it never came to that step.
#include <csignal>
#include <cstdio>
#include <string_view>

#include "keystore/lifecycle/move.h"

namespace {

using namespace keystore;
using namespace keystore::lifecycle;

constexpr int never_came_there = 3;

MovePhase phase_of(std::string_view name) {
  if (name == "begun") return MovePhase::begun;
  return name == "done" ? MovePhase::done : MovePhase::ended;
}

Result<MoveRecord> act(std::string_view action, char** arguments, const MoveOptions& options) {
  if (action == "rollback") return roll_back_move(arguments[0], options);
  if (action == "retire") return retire_move(arguments[0], options);
  const auto plan = plan_move({.source = arguments[0], .destination = arguments[1]}, options);
  if (!plan) return Failure(plan.error());
  return run_move(*plan, options);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 6) return 2;
  const std::string_view step = arguments[2];
  const auto phase = phase_of(arguments[3]);
  MoveOptions options;
  options.destination.pin_source = SecretSource::parse(arguments[count - 1]).value();
  options.on_step = [step, phase](MoveStep each, MovePhase now) {
    if (to_string(each) == step && now == phase) std::raise(SIGKILL);
  };
  const auto record = act(arguments[1], arguments + 4, options);
  if (record) return never_came_there;
  std::fprintf(stderr, "%s\n", record.error().message.c_str());
  return 1;
}
