#include "keystore/lifecycle/internal/names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace keystore::lifecycle {
namespace {

constexpr std::array<std::pair<MoveStep, std::string_view>, 16> step_names = {{
    {MoveStep::plan, "plan"},
    {MoveStep::import_key, "import-key"},
    {MoveStep::prove_key, "prove-key"},
    {MoveStep::import_certificates, "import-certificates"},
    {MoveStep::write_reference, "write-reference"},
    {MoveStep::prove_reference, "prove-reference"},
    {MoveStep::back_up, "back-up"},
    {MoveStep::replace, "replace"},
    {MoveStep::protect_backup, "protect-backup"},
    {MoveStep::reload, "reload"},
    {MoveStep::restore_file, "restore-file"},
    {MoveStep::reload_restored, "reload-restored"},
    {MoveStep::remove_objects, "remove-objects"},
    {MoveStep::remove_files, "remove-files"},
    {MoveStep::prove_again, "prove-again"},
    {MoveStep::remove_backup, "remove-backup"},
}};

}  // namespace

std::string_view to_string(MoveState state) noexcept {
  switch (state) {
    case MoveState::planned:
      return "planned";
    case MoveState::imported:
      return "imported";
    case MoveState::proven:
      return "proven";
    case MoveState::replaced:
      return "replaced";
    case MoveState::retired:
      return "retired";
    case MoveState::rolled_back:
      return "rolled-back";
  }
  return "planned";
}

std::string_view to_string(MoveStep step) noexcept {
  return std::find_if(step_names.begin(), step_names.end(),
                      [step](const auto& row) { return row.first == step; })
      ->second;
}

std::optional<MoveStep> parse_step(std::string_view name) noexcept {
  const auto row = std::find_if(step_names.begin(), step_names.end(),
                                [name](const auto& each) { return each.second == name; });
  if (row == step_names.end()) return std::nullopt;
  return row->first;
}

}  // namespace keystore::lifecycle
