// Runs a move and ends itself by SIGKILL where it is told: what a power failure or an impatient
// person does. `move_killer run STEP PHASE SRC DST PIN-SOURCE`, `move_killer rollback|retire STEP
// PHASE ID PIN-SOURCE`. A PHASE of "begun+MS" waits so long first, while the move goes on. Ends
// with status 3 when it never came to that step.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>

#include "keystore/lifecycle/move.h"

namespace {

using namespace keystore;
using namespace keystore::lifecycle;

constexpr int never_came_there = 3;

void die_after(std::chrono::milliseconds delay) {
  if (delay.count() == 0) std::raise(SIGKILL);
  std::thread([delay] {
    std::this_thread::sleep_for(delay);
    std::raise(SIGKILL);
  }).detach();
}

MovePhase phase_of(std::string_view name) {
  if (name.starts_with("begun")) return MovePhase::begun;
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
  const std::string when = arguments[3];
  const auto phase = phase_of(when);
  const auto plus = when.find('+');
  const std::chrono::milliseconds delay(plus == when.npos ? 0 : std::stoi(when.substr(plus + 1)));
  MoveOptions options;
  options.destination.pin_source = SecretSource::parse(arguments[count - 1]).value();
  options.on_step = [step, phase, delay](MoveStep each, MovePhase now) {
    if (to_string(each) == step && now == phase) die_after(delay);
  };
  const auto record = act(arguments[1], arguments + 4, options);
  if (record) return never_came_there;
  std::fprintf(stderr, "%s\n", record.error().message.c_str());
  return 1;
}
