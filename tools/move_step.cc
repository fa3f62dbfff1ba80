#include "tools/move_step.h"

#include <fmt/format.h>

#include "tools/output.h"

namespace keystore::cli {
namespace {

using lifecycle::MovePhase;
using lifecycle::MoveStep;

std::string_view describe(MoveStep step) noexcept {
  switch (step) {
    case MoveStep::plan:
      return "writing the journal";
    case MoveStep::import_key:
      return "putting the key onto the token";
    case MoveStep::prove_key:
      return "the token signs, the public key of the file (and certificate) verifies";
    case MoveStep::import_certificates:
      return "putting the certificates onto the token, where asked";
    case MoveStep::write_reference:
      return "writing the reference beside the file";
    case MoveStep::prove_reference:
      return "signing with the reference through the OpenSSL provider";
    case MoveStep::back_up:
      return "keeping the original under a second name";
    case MoveStep::replace:
      return "putting the reference in the file's place";
    case MoveStep::protect_backup:
      return "making the backup readable to its owner alone";
    case MoveStep::reload:
    case MoveStep::reload_restored:
      return "running the reload program, where given";
    case MoveStep::restore_file:
      return "putting the original back";
    case MoveStep::remove_objects:
      return "taking off the token what the move put there";
    case MoveStep::remove_files:
      return "removing what lies beside the file";
    case MoveStep::prove_again:
      return "proving the reference once more";
    case MoveStep::remove_backup:
      return "removing the backup";
  }
  return "";
}

}  // namespace

void print_move_step(MoveStep step, MovePhase phase) {
  if (phase == MovePhase::begun) print_log(fmt::format("{}: {}", to_string(step), describe(step)));
}

}  // namespace keystore::cli
