#include <fmt/format.h>

#include <memory>

#include "tools/progress.h"
#include "tools/token_admin.h"
#include "tools/token_commands.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string label = {};
  std::string module = {};
  std::optional<unsigned long> slot = {};
  SecretOption pin = {};
  SecretOption so_pin = {};
  bool force = false;
};

Result<int> initialise(const Options& options, bool json);

}  // namespace

void add_token_init(CLI::App& token, Context& context) {
  auto* command = token.add_subcommand("init", "Initialise a token and set its user PIN");
  const auto options = std::make_shared<Options>();
  command->add_option("--label", options->label, "The token's new label")->required();
  add_secret(*command, "--pin", options->pin, "User PIN to set");
  add_secret(*command, "--so-pin", options->so_pin,
             "Security officer's PIN, set too on a new token");
  command->add_option("--module", options->module,
                      "Path of the module; default: the configured one");
  command->add_option("--slot", options->slot, "Slot number; default: the first free one");
  command->add_flag("--force", options->force, "Also an initialised token: its objects are lost");
  add_json(*command, context);
  add_example(*command, "keystore token init --label prod --pin file:pin --so-pin file:so-pin");
  context.on(*command, [options, &context] { return initialise(*options, context.json); });
}

namespace {

Result<int> initialise(const Options& options, bool json) {
  const Waiting waiting(fmt::format("initialising token '{}'", options.label));
  auto slot = slot_for_admin(options.module, options.slot, options.force);
  if (!slot) return Failure(slot.error());
  const auto so_pin =
      secret_or_ask(options.so_pin, {.what = PinRequest::What::so_pin, .object = options.label});
  if (!so_pin) return Failure(so_pin.error());
  const auto pin =
      secret_or_ask(options.pin, {.what = PinRequest::What::new_pin, .object = options.label});
  if (!pin) return Failure(pin.error());
  auto token = slot->admin.initialise(slot->token.slot, options.label, *so_pin, *pin);
  if (!token) return Failure(token.error());
  slot->token = *std::move(token);
  return print_token(*slot, json);
}

}  // namespace
}  // namespace keystore::cli
