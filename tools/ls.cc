#include <fmt/format.h>

#include <memory>
#include <set>

#include "keystore/config.h"
#include "tools/commands.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

struct Options {
  std::vector<std::string> uris = {};
  SecretOption pin = {};
};

Result<int> list(const Options& options, bool json);
Result<Listing<Entry>> entries_of(const std::string& uri, const SecretOption& pin);
Result<Listing<Entry>> configured_entries(const SecretOption& pin);

}  // namespace

void add_ls(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("ls", "List the entries of stores");
  const auto options = std::make_shared<Options>();
  command->add_option("URI", options->uris, "Stores; none: every configured one");
  add_secret(*command, "--pin,--passphrase", options->pin, "PIN or passphrase");
  add_json(*command, context);
  add_example(*command, "keystore ls 'pkcs11:token=prod' --pin file:/etc/keystore/pin");
  context.on(*command, [options, &context] { return list(*options, context.json); });
}

namespace {

Result<int> list(const Options& options, bool json) {
  Listing<Entry> all;
  if (options.uris.empty()) {
    auto found = configured_entries(options.pin);
    if (!found) return Failure(found.error());
    all = *std::move(found);
  }
  for (const auto& uri : options.uris) {
    auto found = entries_of(uri, options.pin);
    if (!found) return Failure(found.error());
    std::move(found->items.begin(), found->items.end(), std::back_inserter(all.items));
    std::move(found->skipped.begin(), found->skipped.end(), std::back_inserter(all.skipped));
  }
  print_listing(all, json);
  return 0;
}

Result<Listing<Entry>> entries_of(const std::string& uri, const SecretOption& pin) {
  const auto store = open_store(uri, pin);
  if (!store) return Failure(store.error());
  const Waiting waiting("reading", uri);
  return store->find_entries();
}

/// One store that is away does not hide the others.
Result<Listing<Entry>> configured_entries(const SecretOption& pin) {
  const auto config = process_config();
  if (!config) return Failure(config.error());
  std::vector<std::string> uris;
  for (const auto& identity : (*config)->identities) uris.push_back("keystore:" + identity.name);
  if (!(*config)->modules.empty()) uris.emplace_back("pkcs11:");
  if (uris.empty()) {
    return fail(Errc::invalid_argument, "no store is configured",
                "name a store, or add [modules] or [identities] to the configuration");
  }
  Listing<Entry> all;
  std::set<std::string> seen;
  for (const auto& uri : uris) {
    auto found = entries_of(uri, pin);
    if (!found) {
      all.skipped.push_back(found.error());
      continue;
    }
    for (auto& entry : found->items) {
      if (seen.insert(entry.uri.canonical()).second) all.items.push_back(std::move(entry));
    }
    std::move(found->skipped.begin(), found->skipped.end(), std::back_inserter(all.skipped));
  }
  return all;
}

}  // namespace
}  // namespace keystore::cli
