#include <fmt/format.h>

#include <array>
#include <memory>

#include "tools/commands.h"
#include "tools/new_object.h"
#include "tools/output.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string uri = {};
  std::string type = {};
  SecretOption pin = {};
  NewObjectOptions object = {};
};

Result<int> generate(const Options& options, bool json);

}  // namespace

void add_new(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("new", "Make a key in a store");
  const auto options = std::make_shared<Options>();
  command->add_option("URI", options->uri, "The token or the file that shall hold it")->required();
  command
      ->add_option("--type", options->type, "rsa:3072, ec:p256, ec:p384, ec:p521, ed25519 or ed448")
      ->required();
  add_secret(*command, "--pin", options->pin, "PIN of the token");
  options->object.add_to(*command);
  add_json(*command, context);
  add_example(*command, "keystore new 'pkcs11:token=prod' --type ec:p256 --label web");
  context.on(*command, [options, &context] { return generate(*options, context.json); });
}

namespace {

Result<int> generate(const Options& options, bool json) {
  const auto spec = KeySpec::parse(options.type);
  if (!spec) return Failure(spec.error());
  const auto wanted = options.object.read(options.uri);
  if (!wanted) return Failure(wanted.error());
  const auto store = open_new_store(options.uri, options.pin);
  if (!store) return Failure(store.error());
  auto* const generator = store->generator();
  if (!generator) {
    return fail(Errc::unsupported, fmt::format("{} cannot make keys", store->uri().canonical()));
  }
  const auto key = generator->generate_key(*spec, wanted->object());
  if (!key) return Failure(key.error());
  return print_entries(std::array{key->entry()}, json);
}

}  // namespace
}  // namespace keystore::cli
