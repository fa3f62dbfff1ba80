#include "tools/commands.h"
#include "tools/options.h"
#include "tools/token_commands.h"

namespace keystore::cli {

void add_token(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("token", "Slots and tokens: list, initialise, PINs");
  command->require_subcommand(1);
  add_token_ls(*command, context);
  add_token_init(*command, context);
  add_token_pin(*command, context);
  add_example(*command, "keystore token ls");
}

}  // namespace keystore::cli
