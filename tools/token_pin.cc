#include <memory>

#include "tools/progress.h"
#include "tools/token_admin.h"
#include "tools/token_commands.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string uri = {};
  bool change = false;
  bool unblock = false;
  SecretOption pin = {};
  SecretOption new_pin = {};
  SecretOption so_pin = {};
};

Result<int> set_pin(const Options& options, bool json);
Result<void> change(AdminToken& token, const Options& options);
Result<void> unblock(AdminToken& token, const Options& options);

}  // namespace

void add_token_pin(CLI::App& token, Context& context) {
  auto* command = token.add_subcommand("pin", "Change or unblock a user PIN");
  const auto options = std::make_shared<Options>();
  command->add_option("URI", options->uri, "The token")->required();
  auto* how = command->add_option_group("how");
  how->add_flag("--change", options->change, "Knowing the PIN of now: one try");
  how->add_flag("--unblock", options->unblock, "As security officer");
  how->require_option(1);
  add_secret(*command, "--pin", options->pin, "The PIN of now; with --unblock the PIN to set");
  add_secret(*command, "--new-pin", options->new_pin, "The PIN to set");
  add_secret(*command, "--so-pin", options->so_pin, "Security officer's PIN");
  add_json(*command, context);
  add_example(*command, "keystore token pin 'pkcs11:token=prod' --change --new-pin prompt");
  context.on(*command, [options, &context] { return set_pin(*options, context.json); });
}

namespace {

Result<int> set_pin(const Options& options, bool json) {
  const auto uri = Uri::parse(options.uri);
  if (!uri) return Failure(uri.error());
  const Waiting waiting("setting the PIN of", options.uri);
  auto token = token_for_admin(*uri);
  if (!token) return Failure(token.error());
  const auto done = options.change ? change(*token, options) : unblock(*token, options);
  if (!done) return Failure(done.error());
  return print_token(*token, json);
}

Result<void> change(AdminToken& token, const Options& options) {
  const auto& label = token.token.label;
  const auto old_pin =
      secret_or_ask(options.pin, {.what = PinRequest::What::token_pin, .object = label});
  if (!old_pin) return Failure(old_pin.error());
  const auto pin =
      secret_or_ask(options.new_pin, {.what = PinRequest::What::new_pin, .object = label});
  if (!pin) return Failure(pin.error());
  return token.admin.change_pin(token.token.slot, *old_pin, *pin);
}

Result<void> unblock(AdminToken& token, const Options& options) {
  const auto& label = token.token.label;
  const auto so_pin =
      secret_or_ask(options.so_pin, {.what = PinRequest::What::so_pin, .object = label});
  if (!so_pin) return Failure(so_pin.error());
  const auto& wanted = options.new_pin.text.empty() ? options.pin : options.new_pin;
  const auto pin = secret_or_ask(wanted, {.what = PinRequest::What::new_pin, .object = label});
  if (!pin) return Failure(pin.error());
  return token.admin.set_pin(token.token.slot, *so_pin, *pin);
}

}  // namespace
}  // namespace keystore::cli
