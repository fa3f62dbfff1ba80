#include <fmt/format.h>

#include <memory>

#include "tools/ask.h"
#include "tools/commands.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string uri = {};
  SecretOption pin = {};
  bool yes = false;
};

Result<int> remove(const Options& options, bool json);

}  // namespace

void add_rm(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("rm", "Delete one object; a private key takes its public key along");
  const auto options = std::make_shared<Options>();
  command->add_option("URI", options->uri, "The object")->required();
  add_secret(*command, "--pin,--passphrase", options->pin, "PIN or passphrase");
  command->add_flag("--yes", options->yes, "Do not ask");
  add_json(*command, context);
  add_example(*command, "keystore rm 'pkcs11:token=prod;object=old;type=private'");
  context.on(*command, [options, &context] { return remove(*options, context.json); });
}

namespace {

Result<int> remove(const Options& options, bool json) {
  const auto store = open_store(options.uri, options.pin);
  if (!store) return Failure(store.error());
  auto* const remover = store->remover();
  if (!remover) {
    return fail(Errc::unsupported,
                fmt::format("{} does not let objects be deleted", store->uri().canonical()));
  }
  const auto entry = one_entry(*store);
  if (!entry) return Failure(entry.error());
  const auto name = entry->uri.canonical();
  const auto question = fmt::format("delete {} {}?", to_string(entry->kind), name);
  if (const auto agreed = confirm(question, options.yes); !agreed) return Failure(agreed.error());
  const Waiting waiting("deleting", name);
  if (const auto removed = remover->remove(*entry); !removed) return Failure(removed.error());
  if (json) {
    print_json({{"removed", {name}}});
  } else {
    print_line(name);
  }
  return 0;
}

}  // namespace
}  // namespace keystore::cli
