#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "tools/commands.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string uri = {};
  SecretOption pin = {};
};

Result<int> show(const Options& options, bool json);
void print_fields(const std::string& prefix, const Json& object);

}  // namespace

void add_show(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("show", "Show one entry in full");
  const auto options = std::make_shared<Options>();
  command->add_option("URI", options->uri, "The object")->required();
  add_secret(*command, "--pin,--passphrase", options->pin, "PIN or passphrase");
  add_json(*command, context);
  add_example(*command, "keystore show 'pkcs11:token=prod;object=web;type=private'");
  context.on(*command, [options, &context] { return show(*options, context.json); });
}

namespace {

Result<int> show(const Options& options, bool json) {
  const auto store = open_store(options.uri, options.pin);
  if (!store) return Failure(store.error());
  const auto entry = one_entry(*store);
  if (!entry) return Failure(entry.error());
  const auto object = entry_json(*entry, true);
  if (json) {
    print_json(object);
  } else {
    print_fields("", object);
  }
  return 0;
}

std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array())
    return fmt::format("{}", fmt::join(value.get<std::vector<std::string>>(), " "));
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return value.dump();
}

void print_fields(const std::string& prefix, const Json& object) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_object()) {
      print_fields(name + ' ', value);
    } else {
      print_line(fmt::format("{}{}: {}", prefix, name, value_text(value)));
    }
  }
}

}  // namespace
}  // namespace keystore::cli
